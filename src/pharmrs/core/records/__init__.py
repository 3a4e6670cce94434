"""Records of every room: sections, columns, arrays, scans, tissues, what stages hand on."""
