"""Stage `poses`: one `PoseTrack` an estimator and video."""
