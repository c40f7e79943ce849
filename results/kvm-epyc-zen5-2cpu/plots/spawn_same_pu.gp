# Draws spawn_same_pu.svg and .png from spawn_same_pu.dat: gnuplot spawn_same_pu.gp
name = 'spawn_same_pu'
titles = '1 MiB|256 MiB'
series = 2
lines = 10
height = 430
left_margin = 0.2079518072
x_label = 'time'
x_tics = '"20 µs" 2e+04, "50 µs" 5e+04, "100 µs" 1e+05, "200 µs" 2e+05, "500 µs" 5e+05, "1 ms" 1e+06, "2 ms" 2e+06, "5 ms" 5e+06, "10 ms" 1e+07'
x_low = 11094.00408
x_high = 15752271.86
logarithmic = 1
title = 'What it takes to start a process or thread, and to join it, on one CPU (same_pu)'
title_size = '15'
caption1 = 'Medians of process runs with 95 % intervals, n = 8. By the private memory that the caller has touched.'
caption2 = ''
caption3 = ''
key_margin = 0.8579518072
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
