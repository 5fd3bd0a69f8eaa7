"""Stand-in for show_sdk_info.py: the version, and the chips by the names that --soc_version takes."""

print("SDK version: S1.0.9_standin\nsoc_version: muffin maruko opera souffle iford")
