VERSION = "S1.0.9_standin"
