# Draws throughput_size_same_l3.svg and .png from throughput_size_same_l3.dat: gnuplot throughput_size_same_l3.gp
name = 'throughput_size_same_l3'
styles = '2 7 3 1 9 5 6 4'
unit = 'message one way'
series = 8
x_tics = '"64 B" 64, "1 KiB" 1024, "64 KiB" 65536, "1 MiB" 1048576'
x_low = 43.41133848
x_high = 1545883.319
y_tics = '"10 MB/s" 1e+07, "20 MB/s" 2e+07, "50 MB/s" 5e+07, "100 MB/s" 1e+08, "200 MB/s" 2e+08, "500 MB/s" 5e+08, "1 GB/s" 1e+09, "2 GB/s" 2e+09, "5 GB/s" 5e+09, "10 GB/s" 1e+10, "20 GB/s" 2e+10, "50 GB/s" 5e+10, "100 GB/s" 1e+11'
y_low = 8725306.292
y_high = 1.025100564e+11
title = 'Throughput against message size, between two cores (same_l3)'
title_size = '17'
caption1 = 'stream between processes: medians of process runs, n = 6 to 8 each; bands: exact 95 % intervals. 8 of the 27 subjects'
caption2 = 'with several sizes: well-known ones and the best others.'
caption3 = ''
key_margin = 0.8208433735
footer1 = 'AMD EPYC, 2 CPUs, KVM guest, Linux 6.18.44-fc-v657, Debian 12'
footer2 = 'ipcmark run --suite quick --out results/kvm-epyc-zen5-2cpu · ipcmark 0.1.0 · 2026-11-20T16:37:15+0000'

# Bytes per second against message size, both logarithmic. Bands are the intervals of the medians.
left_margin = 0.13
y_label = 'bytes per second'
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
