"""Text with holes in, finished letter out. No tables, no requests, no channels."""
