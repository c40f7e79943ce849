# Draws latency_size_same_l3.svg and .png from latency_size_same_l3.dat: gnuplot latency_size_same_l3.gp
name = 'latency_size_same_l3'
styles = '0 1 2 3 4'
series = 5
x_tics = '"64 B" 64, "128 B" 128, "256 B" 256, "512 B" 512, "1 KiB" 1024, "2 KiB" 2048, "4 KiB" 4096'
x_low = 51.2
x_high = 5120
y_tics = '"10 ns" 10, "100 ns" 100, "1 µs" 1000, "10 µs" 1e+04'
y_low = 1.292281706
y_high = 19634.70086
title = 'Latency against message size, between two cores (same_l3)'
caption1 = 'pingpong between processes: medians of process runs, n = 5 to 8 each; bands: exact 95 % intervals (from 6 runs on).'
caption2 = 'All 4 subjects.'
footer1 = 'Synthetic & Sons <SX-1>, 8 CPUs, no hypervisor, Linux 6.1.0-synthetic, Debian 12'
footer2 = 'ipcmark run ''suite_<all>'' --rounds 8 · ipcmark 0.1.0 · 2026-01-02T03:04:05Z'

# Latency against message size, both logarithmic. Bands are the intervals of the medians.
y_label = 'median latency'
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
		for [i = 0:series - 1] data index i using 1:2 with linespoints ls style_of(i) title columnheader(1)
	unset output
}
