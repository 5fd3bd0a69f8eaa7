"""DebugConfig.txt, input_config.ini and threshold profiles."""
