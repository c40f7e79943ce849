# Draws latency_size_same_l3.svg and .png from latency_size_same_l3.dat: gnuplot latency_size_same_l3.gp
name = 'latency_size_same_l3'
styles = '2 1 7 4 3 8 5 6'
unit = 'round trip'
series = 8
x_tics = '"64 B" 64, "1 KiB" 1024, "64 KiB" 65536, "256 KiB" 262144'
x_low = 45.88656794
x_high = 365623.6837
y_tics = '"100 ns" 100, "200 ns" 200, "500 ns" 500, "1 µs" 1000, "2 µs" 2000, "5 µs" 5000, "10 µs" 1e+04, "20 µs" 2e+04, "50 µs" 5e+04, "100 µs" 1e+05, "200 µs" 2e+05'
y_low = 56.0187274
y_high = 337204.7095
title = 'Latency against message size, between two cores (same_l3)'
title_size = '17'
caption1 = 'pingpong between processes: medians of process runs, n = 4 to 8 each; bands: exact 95 % intervals (from 6 runs on). 8'
caption2 = 'of the 10 subjects with several sizes: well-known ones and the best others. Floor (null): 2.18 ns.'
caption3 = ''
key_margin = 0.8208433735
footer1 = 'AMD EPYC, 2 CPUs, KVM guest, Linux 6.18.44-fc-v657, Debian 12'
footer2 = 'ipcmark run --suite quick --out results/kvm-epyc-zen5-2cpu · ipcmark 0.1.0 · 2026-11-20T16:37:15+0000'

# Latency against message size, both logarithmic. Bands are the intervals of the medians.
y_label = 'median '.unit
load 'common.gp'
data = name.'.dat'
set logscale xy
set xrange [x_low:x_high]
set yrange [y_low:y_high]
eval 'set xtics ('.x_tics.')'
eval 'set ytics ('.y_tics.')'
set xlabel 'message size'
do for [format in formats] {
	eval begin(format)
	plot for [i = 0:series - 1] data index i using 1:3:4 with filledcurves ls style_of(i) notitle, \
		for [i = 0:series - 1] data index i using 1:($6 > 0 ? $2 : NaN) with points ls 28 notitle, \
		for [i = 0:series - 1] data index i using 1:2 with linespoints ls style_of(i) title columnheader(1)
	unset output
}
