# Draws signals_same_l3.svg and .png from signals_same_l3.dat: gnuplot signals_same_l3.gp
name = 'signals_same_l3'
titles = 'notify'
series = 1
lines = 7
height = 430
left_margin = 0.1455421687
x_label = 'time'
x_tics = '"100 ns" 100, "200 ns" 200, "500 ns" 500, "1 µs" 1000, "2 µs" 2000, "5 µs" 5000, "10 µs" 1e+04, "20 µs" 2e+04'
x_low = 82.25143833
x_high = 25916.35124
logarithmic = 1
title = 'Signals and barriers, between two cores (same_l3)'
title_size = '17'
caption1 = 'Medians of process runs, n = 5 to 8; processes. Notify: a signal there and one back. Barrier: all sides meet once.'
caption2 = ''
caption3 = ''
key_margin = 0.8672289157
footer1 = 'AMD EPYC, 2 CPUs, KVM guest, Linux 6.18.44-fc-v657, Debian 12'
footer2 = 'ipcmark run --suite quick --out results/kvm-epyc-zen5-2cpu · ipcmark 0.1.0 · 2026-11-20T16:37:15+0000'

# A line per subject, a symbol per way to use it; the grey line joins what is one subject's.
load 'common.gp'
data = name.'.dat'
if (logarithmic) set logscale x
set xrange [x_low:x_high]
set yrange [lines + 0.7:0.3]
eval 'set xtics ('.x_tics.')'
set ytics scale 0
set xlabel x_label
# Symbols of one value stand one above the other.
shift(i) = (i - (series + 1) / 2.0) * 0.3 / series
# The titles are separated by bars, as they have spaces in them.
rest = titles.'|'
array name_of[series]
do for [i = 1:series] {
	bar = strstrt(rest, '|')
	name_of[i] = substr(rest, 1, bar - 1)
	rest = substr(rest, bar + 1, strlen(rest))
}
do for [format in formats] {
	eval begin(format)
	plot data index 0 using 3:2:($4 - $3):(0) with vectors nohead lc rgb '#CCCCCC' lw 1.5 notitle, \
		data index 0 using 3:2:yticlabels(1) with dots lc rgb '#CCCCCC' notitle, \
		for [i = 1:series] data index i using 3:($2 + shift(i)):4:5 with xerrorbars ls i title name_of[i]
	unset output
}
