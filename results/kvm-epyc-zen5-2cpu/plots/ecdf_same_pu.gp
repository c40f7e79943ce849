# Draws ecdf_same_pu.svg and .png from ecdf_same_pu.dat: gnuplot ecdf_same_pu.gp
name = 'ecdf_same_pu'
styles = '2 10 7 11 4 3 5 6'
unit = 'round trip'
series = 8
x_tics = '"5 µs" 5000, "10 µs" 1e+04, "20 µs" 2e+04'
x_low = 2124.182303
x_high = 49442.74113
title = 'Distribution of latency, on one CPU (same_pu)'
title_size = '17'
caption1 = 'pingpong between processes, 64 B: all samples of the process runs, n = 7 to 8 each, 26.1 k or more a line. 8 of the 32'
caption2 = 'subjects: well-known ones and the best others. Left out, over 100 × the median subject: shm_spin (7.98 ms), shm_ring'
caption3 = 'wait=spin (7.99 ms).'
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
