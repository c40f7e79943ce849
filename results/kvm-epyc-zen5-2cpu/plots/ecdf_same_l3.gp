# Draws ecdf_same_l3.svg and .png from ecdf_same_l3.dat: gnuplot ecdf_same_l3.gp
name = 'ecdf_same_l3'
styles = '2 1 7 10 4 3 5 6'
unit = 'round trip'
series = 8
x_tics = '"100 ns" 100, "200 ns" 200, "500 ns" 500, "1 µs" 1000, "2 µs" 2000, "5 µs" 5000, "10 µs" 1e+04, "20 µs" 2e+04, "50 µs" 5e+04'
x_low = 50.89095143
x_high = 92153.74903
title = 'Distribution of latency, between two cores (same_l3)'
title_size = '17'
caption1 = 'pingpong between processes, 64 B: all samples of the process runs, n = 4 to 8 each, 29.7 k or more a line. 8 of the 37'
caption2 = 'subjects: well-known ones and the best others. A sample is the mean of up to 16 messages.'
caption3 = ''
key_margin = 0.7651807229
footer1 = 'AMD EPYC, 2 CPUs, KVM guest, Linux 6.18.44-fc-v657, Debian 12'
footer2 = 'ipcmark run --suite quick --out results/kvm-epyc-zen5-2cpu · ipcmark 0.1.0 · 2026-11-20T16:37:15+0000'

# The share of samples up to each latency: a step is a mode. Markers, one in a tenth of the curve,
# only tell the lines apart.
y_label = 'share of samples'
load 'common.gp'
data = name.'.dat'
set logscale x
set xrange [x_low:x_high]
set yrange [0:1]
eval 'set xtics ('.x_tics.')'
set ytics ('0 %%' 0, '25 %%' 0.25, '50 %%' 0.5, '75 %%' 0.75, '100 %%' 1)
set xlabel unit
do for [format in formats] {
	eval begin(format)
	plot for [i = 0:series - 1] data index i using 1:2 with lines ls style_of(i) notitle, \
		for [i = 0:series - 1] data index i using 1:2 every 90::(15 + 9 * i) with points ls style_of(i) notitle, \
		for [i = 0:series - 1] data index i using 1:(NaN) with linespoints ls style_of(i) title columnheader(1)
	unset output
}
