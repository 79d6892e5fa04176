"""The recording and its file formats; each format is a module with a reader and a writer."""
