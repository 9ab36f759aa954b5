"""A comparison with the code of Boulder, the program that runs Let's Encrypt: `make boulder`."""
