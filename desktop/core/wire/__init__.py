"""One exchange with a server as a value, and its readings: views, code, archives of other programs, differences."""
