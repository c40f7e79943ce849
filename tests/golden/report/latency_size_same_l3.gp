# Draws latency_size_same_l3.svg and .png from latency_size_same_l3.dat: gnuplot latency_size_same_l3.gp
name = 'latency_size_same_l3'
styles = '1 4 7 5'
unit = 'round trip'
series = 4
x_tics = '"64 B" 64, "4 KiB" 4096'
x_low = 54.19169999
x_high = 4837.345941
y_tics = '"200 ns" 200, "500 ns" 500, "1 µs" 1000, "2 µs" 2000, "5 µs" 5000, "10 µs" 1e+04'
y_low = 117.0033451
y_high = 15843.14439
title = 'Latency against message size, between two cores (same_l3)'
title_size = '17'
caption1 = 'pingpong between processes: medians of process runs, n = 5 to 8 each; bands: exact 95 % intervals (from 6 runs on). All'
caption2 = '4 subjects with several sizes. Floor (null): 2.14 ns.'
caption3 = ''
key_margin = 0.7930120482
footer1 = 'Synthetic & Sons <SX-1>, 8 CPUs, no hypervisor, Linux 6.1.0-synthetic, Debian 12'
footer2 = 'ipcmark run ''suite_<all>'' --rounds 8 · ipcmark 0.1.0 · 2026-01-02T03:04:05Z'

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
