"""Years ahead: rolls, classes and the stock of high schools, by the policy's own rounds and what is assumed."""
