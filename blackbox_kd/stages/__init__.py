"""One stage a file: it reads files, writes files, and its manifest says that it finished."""
