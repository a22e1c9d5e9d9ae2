"""Input and output: files, databases and frames in, tables and artefacts out."""
