# Draws pool_kinds_same_l3.svg and .png from pool_kinds_same_l3.dat: gnuplot pool_kinds_same_l3.gp
name = 'pool_kinds_same_l3'
lines = 12
height = 466
left_margin = 0.4219277108
x_label = '← threads are faster    threads / processes    processes are faster →'
x_tics = '"× 0.1" 0.1, "× 1" 1'
x_low = 0.04389101788
x_high = 2.638341164
title = 'Pools of threads against pools of processes, between two cores (same_l3)'
title_size = '17'
caption1 = 'Ratio of the median times of process runs, n = 4 to 8 each; beside the name: with processes. Whiskers: from the ends of'
caption2 = 'the two 95 % intervals. Grey: not proven.'
caption3 = ''
footer1 = 'AMD EPYC, 2 CPUs, KVM guest, Linux 6.18.44-fc-v657, Debian 12'
footer2 = 'ipcmark run --suite quick --out results/kvm-epyc-zen5-2cpu · ipcmark 0.1.0 · 2026-11-20T16:37:15+0000'

# Bars from 1, to either side: what one of two takes, as so many times what the other does.
key_margin = 0.97
with_key = 0
load 'common.gp'
data = name.'.dat'
set logscale x
set xrange [x_low:x_high]
set yrange [lines + 0.7:0.3]
eval 'set xtics ('.x_tics.')'
set ytics scale 0
set xlabel x_label
set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead back lc rgb '#444444' lw 1.2
set style fill solid 0.75 noborder
pick(value, is, wanted) = is == wanted ? value : NaN
least(a, b) = a < b ? a : b
most(a, b) = a > b ? a : b
do for [format in formats] {
	eval begin(format)
	plot data using 3:2:yticlabels(1) with dots lc rgb '#CCCCCC', \
		data using (pick(1, $6, 0)):2:(least(1, $3)):(most(1, $3)):($2 - 0.3):($2 + 0.3) with boxxyerror lc rgb '#AAAAAA', \
		data using (pick(1, $6, 1)):2:(least(1, $3)):(most(1, $3)):($2 - 0.3):($2 + 0.3) with boxxyerror lc rgb '#0072B2', \
		data using 3:2:4:5 with xerrorbars pt 0 lc rgb '#222222' lw 1.2
	unset output
}
