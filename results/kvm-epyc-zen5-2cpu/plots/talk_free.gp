# Draws talk_free.svg and .png from talk_free.dat: gnuplot talk_free.gp
name = 'talk_free'
titles = '100'
series = 1
lines = 6
height = 430
left_margin = 0.2346987952
x_label = 'requests a second, all connections'
x_tics = '"80 k/s" 8e+04, "100 k/s" 1e+05, "150 k/s" 1.5e+05, "200 k/s" 2e+05'
x_low = 63832.63313
x_high = 240491.8419
logarithmic = 1
title = 'An echo server that answers in capitals, unbound (free)'
title_size = '17'
caption1 = 'Medians of process runs with 95 % intervals, n = 7 to 8; processes. By the number of connections.'
caption2 = ''
caption3 = ''
key_margin = 0.895060241
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
