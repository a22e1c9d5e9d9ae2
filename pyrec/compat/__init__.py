"""The names of other libraries over our models: change the import, keep the program."""
