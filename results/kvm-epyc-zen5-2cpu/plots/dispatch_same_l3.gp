# Draws dispatch_same_l3.svg and .png from dispatch_same_l3.dat: gnuplot dispatch_same_l3.gp
name = 'dispatch_same_l3'
titles = 'map, auto|map, chunk 1|batch|submit|submit, idle'
series = 5
lines = 14
height = 506
left_margin = 0.2079518072
x_label = 'time per task'
x_tics = '"1 ns" 1, "10 ns" 10, "100 ns" 100, "1 µs" 1000, "10 µs" 1e+04, "100 µs" 1e+05'
x_low = 0.4854057744
x_high = 613978.9876
logarithmic = 1
title = 'What a pool takes for a task that does nothing, between two cores (same_l3)'
title_size = '15'
caption1 = 'Medians of process runs, n = 4 to 8; 1000 tasks, 2 workers. batch: submitted one by one, waited for together; submit:'
caption2 = 'one task and its result; idle: after 1 ms.'
caption3 = ''
key_margin = 0.8115662651
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
