"""Sweeps: the same comparison over many pictures. Read in this order:

results      what a picture gives back, and what a sweep says        pictures     which pictures, by name and content
measure      two open dumps -> figures of every layer                pairs, twin_pictures   what makes the two sides
workers      processes that survive a picture                        cluster      the same tasks on a Dask cluster
journal      what is finished, on disk                               gather       figures -> layers over the set
findings     what the set shows                                      sweep        all of it, as events
"""
