"""The desk: where organisers write, review, publish and close."""
