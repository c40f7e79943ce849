# Draws lock_cost_same_pu.svg and .png from lock_cost_same_pu.dat: gnuplot lock_cost_same_pu.gp
name = 'lock_cost_same_pu'
titles = 'uncontended'
series = 1
lines = 14
height = 506
left_margin = 0.2346987952
x_label = 'time'
x_tics = '"2 ns" 2, "5 ns" 5, "10 ns" 10, "20 ns" 20, "50 ns" 50, "100 ns" 100, "200 ns" 200, "500 ns" 500, "1 µs" 1000'
x_low = 1.535089836
x_high = 1071.048581
logarithmic = 1
title = 'What a lock takes, on one CPU (same_pu)'
title_size = '17'
caption1 = 'Medians of process runs with 95 % intervals, n = 8; processes. Uncontended: acquire and release. Hand-over: from the'
caption2 = 'release to the waiter that has waited so long.'
caption3 = ''
key_margin = 0.8208433735
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
