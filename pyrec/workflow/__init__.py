"""Workflow: a whole run, from the file that describes it to the folder that it leaves."""
