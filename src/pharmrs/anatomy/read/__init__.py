"""Images and maps in: which files there are, volumes, boxes of recordings, the template."""
