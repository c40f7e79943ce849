# Draws spectrum_same_pu.svg and .png from spectrum_same_pu.dat: gnuplot spectrum_same_pu.gp
name = 'spectrum_same_pu'
styles = '2 10 7 11 4 3 5 6'
unit = 'round trip'
series = 8
x_tics = '"50 %%" 2, "90 %%" 10, "99 %%" 100, "99.9 %%" 1000, "99.99 %%" 10000, "99.999 %%" 100000'
x_low = 1
x_high = 100000
y_tics = '"2 µs" 2000, "5 µs" 5000, "10 µs" 1e+04, "20 µs" 2e+04, "50 µs" 5e+04, "100 µs" 1e+05, "200 µs" 2e+05'
y_low = 1911.015244
y_high = 356957.6213
title = 'Latency percentiles, on one CPU (same_pu)'
title_size = '17'
caption1 = 'pingpong between processes, 64 B: all samples of the process runs, n = 7 to 8 each, 26.1 k or more a line. 8 of the 32'
caption2 = 'subjects: well-known ones and the best others. Left out, over 100 × the median subject: shm_spin (7.98 ms), shm_ring'
caption3 = 'wait=spin (7.99 ms).'
key_margin = 0.7651807229
footer1 = 'AMD EPYC, 2 CPUs, KVM guest, Linux 6.18.44-fc-v657, Debian 12'
footer2 = 'ipcmark run --suite quick --out results/kvm-epyc-zen5-2cpu · ipcmark 0.1.0 · 2026-11-20T16:37:15+0000'

# Percentiles with the tail drawn out: x = 1 / (1 - q), so every decade is one more nine.
y_label = unit
load 'common.gp'
data = name.'.dat'
set logscale xy
set xrange [x_low:x_high]
set yrange [y_low:y_high]
eval 'set xtics ('.x_tics.')'
eval 'set ytics ('.y_tics.')'
set xlabel 'percentile'
do for [format in formats] {
	eval begin(format)
	plot for [i = 0:series - 1] data index i using 1:2 with lines ls style_of(i) notitle, \
		for [i = 0:series - 1] data index i using 1:2 every 10 with points ls style_of(i) notitle, \
		for [i = 0:series - 1] data index i using 1:(NaN) with linespoints ls style_of(i) title columnheader(1)
	unset output
}
