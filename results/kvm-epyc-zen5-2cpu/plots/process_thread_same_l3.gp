# Draws process_thread_same_l3.svg and .png from process_thread_same_l3.dat: gnuplot process_thread_same_l3.gp
name = 'process_thread_same_l3'
lines = 5
height = 430
left_margin = 0.2055421687
x_tics = '"× 0.8" 0.8, "× 0.9" 0.9, "× 1" 1, "× 1.1" 1.1, "× 1.25" 1.25'
x_low = 0.8
x_high = 1.25
title = 'Threads against processes, between two cores (same_l3)'
title_size = '17'
caption1 = 'pingpong, 64 B: ratio of the median round trips of process runs, n = 4 to 8 each; beside the name: processes'' median.'
caption2 = 'Bars: from the ends of the two 95 % intervals (from 6 runs of both on). Grey: not proven.'
caption3 = ''
footer1 = 'AMD EPYC, 2 CPUs, KVM guest, Linux 6.18.44-fc-v657, Debian 12'
footer2 = 'ipcmark run --suite quick --out results/kvm-epyc-zen5-2cpu · ipcmark 0.1.0 · 2026-11-20T16:37:15+0000'

# The same mechanism between two threads instead of two processes: left of the line is faster.
key_margin = 0.97
with_key = 0
load 'common.gp'
data = name.'.dat'
set logscale x
set xrange [x_low:x_high]
set yrange [lines + 0.7:0.3]
eval 'set xtics ('.x_tics.')'
set ytics scale 0
set xlabel '← threads are faster    threads / processes    processes are faster →'
set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead back lc rgb '#444444' lw 1.2
set style line 26 lc rgb '#0072B2' lw 1.8 pt 7 ps 1.1
set style line 27 lc rgb '#AAAAAA' lw 1.4 pt 7 ps 0.9
pick(value, is, wanted) = is == wanted ? value : NaN
do for [format in formats] {
	eval begin(format)
	plot data using (pick($3, $6, 0)):2:4:5:yticlabels(1) with xerrorbars ls 27 notitle, \
		data using (pick($3, $6, 1)):2:4:5 with xerrorbars ls 26 notitle
	unset output
}
