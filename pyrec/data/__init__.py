"""Data: what a log and its lists are made of; frozen, validated once, trusted afterwards."""
