# Draws spectrum_same_l3.svg and .png from spectrum_same_l3.dat: gnuplot spectrum_same_l3.gp
name = 'spectrum_same_l3'
styles = '2 1 7 10 4 3 5 6'
unit = 'round trip'
series = 8
x_tics = '"50 %%" 2, "90 %%" 10, "99 %%" 100, "99.9 %%" 1000, "99.99 %%" 10000, "99.999 %%" 100000, "99.9999 %%" 1000000'
x_low = 1
x_high = 3162277.66
y_tics = '"50 ns" 50, "100 ns" 100, "200 ns" 200, "500 ns" 500, "1 µs" 1000, "2 µs" 2000, "5 µs" 5000, "10 µs" 1e+04, "20 µs" 2e+04, "50 µs" 5e+04, "100 µs" 1e+05, "200 µs" 2e+05, "500 µs" 5e+05, "1 ms" 1e+06'
y_low = 37.61993348
y_high = 1748102.41
title = 'Latency percentiles, between two cores (same_l3)'
title_size = '17'
caption1 = 'pingpong between processes, 64 B: all samples of the process runs, n = 4 to 8 each, 29.7 k or more a line. 8 of the 37'
caption2 = 'subjects: well-known ones and the best others. A sample is the mean of up to 16 messages.'
caption3 = ''
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
