"""The office's tables: their schema, reading, validation and generation."""
