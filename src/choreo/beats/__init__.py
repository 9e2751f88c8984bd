"""Beats of music: a registry of trackers (`choreo.beats.trackers`)."""
