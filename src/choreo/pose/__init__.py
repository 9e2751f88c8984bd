"""What a pose is: skeletons, tracks on disk, misdetections, the dancer's size."""
