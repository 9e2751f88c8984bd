"""Phrases of two and four bars that are learnt as one: motifs in a row, ``~`` for mirrored."""

TEXT = """
side_to_side: step_touch grapevine step_touch~ grapevine~
walk_and_show: walk_up vogue strut_back
club: two_step body_roll bounce_and
old_school: running_man roger_rabbit kick_ball_change cross_walk
disco_line: disco the_twist disco~ spin
swing_out: triple_step triple_step~ charleston
lindy: charleston kick_ball_change flick_back
latin_line: cha_cha cha_cha~ mambo spin_high
lyrical: slide_away attitude plie
adagio: kneel arm_wave
pop_lock: ticking chest_pop robot hit_hit_hold
fight: punches side_kick punches~ squat_pulse
rave: jack roof_raise star_jump pony
low_and_high: drop_pop rise
ask_and_answer: look_and_point hip_isolation finger_snap
waves: ripple arm_cascade ripple~ wings
down_under: low_sweep crouch_hands
barre: plie battement plie~ battement~
march_off: march cross march~ stomp_clap
across: grapevine grapevine shuffle~ shuffle~
there_and_back: shuffle grapevine two_step~
reggae: skank heel_dig skank~ shoulder_bop
"""
