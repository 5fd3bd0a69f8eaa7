VERSION = "1.1.5_standin"
