"""The one door to SQL and to bytes: everything else hands queries and paths to this room."""
