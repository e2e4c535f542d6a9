"""Years ahead: rolls, classes and the stock of high schools, by the policy's own rounds and the office's assumptions."""
