"""Report: what a run tells its reader: descriptions, findings, figures, one HTML page."""
