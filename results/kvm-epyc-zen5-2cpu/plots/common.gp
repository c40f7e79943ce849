# What all plots share: terminals, palette, the place of title, captions and footer.
#
# A plot says `do for [format in formats] { eval begin(format); …; unset output }`. `formats`,
# `prefix` (before output names), `columns` and `rows` (of a terminal) may be set with -e.
#
# A picture is 830 pixels wide, the width of a README, and text is 10 to 17 pixels high there; the
# PNG has twice as many of both (its points are of 96 dpi, so 1.5 times the font is twice). Places are in those pixels, from the top or the bottom.
set encoding utf8
if (!exists("formats")) formats = 'svg png'
if (!exists("prefix")) prefix = ''
if (!exists("columns")) columns = 100
if (!exists("rows")) rows = 30
if (!exists("height")) height = 560
if (!exists("key_margin")) key_margin = 0.78
if (!exists("left_margin")) left_margin = 0.115
if (!exists("with_key")) with_key = 1
if (!exists("y_label")) y_label = ''
from_top(pixels) = 1 - pixels / (1.0 * height)
from_bottom(pixels) = pixels / (1.0 * height)

terminal_svg = sprintf("set terminal svg size 830,%d noenhanced font 'sans-serif,13' background rgb 'white' name '%s'", height, name)
terminal_png = sprintf("set terminal pngcairo size 1660,%d noenhanced font 'DejaVu Sans,13' fontscale 1.5 linewidth 2 pointscale 2 background rgb 'white'", 2 * height)
terminal_dumb = sprintf("set terminal dumb noenhanced size %d,%d", columns, rows)

# The first six are of subjects that everybody knows, always the same. Okabe and Ito's palette
# first; colour and the point's shape tell lines apart, a dash the second round.
array colour[12] = [0x0072B2, 0xD55E00, 0x009E73, 0x56B4E9, 0xCC79A7, 0xE69F00, \
	0x000000, 0x8A7A00, 0x882255, 0x332288, 0x44AA99, 0x9C6B4A]
array shape[12] = [7, 5, 9, 11, 13, 15, 6, 4, 8, 10, 12, 14]
do for [i = 1:24] {
	set style line i lc rgb colour[(i - 1) % 12 + 1] lw 2 pt shape[(i - 1) % 12 + 1] ps 0.9 dt 1 + (i - 1) / 12
}
# The floor: grey and dashed everywhere.
set style line 25 lc rgb '#888888' lw 1.5 pt 1 ps 0.7 dt 2
style_of(i) = int(word(styles, i + 1)) > 0 ? int(word(styles, i + 1)) : 25
# Around a point whose CPUs were not near.
set style line 28 lc rgb '#444444' lw 1.2 pt 6 ps 1.9

set style line 30 lc rgb '#DDDDDD' lw 0.7
set grid xtics ytics back ls 30
set border 3 lc rgb '#444444'
set errorbars 0.5
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set style fill transparent solid 0.16 noborder
if (with_key) set key at screen key_margin + 0.015, from_top(104) left top Left reverse samplen 2 spacing 1.25 noenhanced
if (!with_key) unset key

set label 1 title at screen 0.02, from_top(24) left font ','.title_size noenhanced
set label 2 caption1 at screen 0.02, from_top(48) left font ',12' textcolor rgb '#444444' noenhanced
set label 3 caption2 at screen 0.02, from_top(65) left font ',12' textcolor rgb '#444444' noenhanced
set label 4 caption3 at screen 0.02, from_top(82) left font ',12' textcolor rgb '#444444' noenhanced
set label 5 footer1 at screen 0.02, from_bottom(24) left font ',10.5' textcolor rgb '#666666' noenhanced
set label 6 footer2 at screen 0.02, from_bottom(9) left font ',10.5' textcolor rgb '#666666' noenhanced
# At a fixed place: each terminal has its own idea of how wide the tics are.
set label 7 y_label at screen (left_margin > 0.2 ? left_margin - 0.045 : 0.018), (from_top(104) + from_bottom(102)) / 2 center rotate by 90 noenhanced

picture = "set lmargin at screen left_margin; set rmargin at screen key_margin; set tmargin at screen from_top(104); set bmargin at screen from_bottom(102); "
# Characters have no room for all of it: the title above.
text = "unset for [i = 1:7] label i; set title title noenhanced; set ylabel y_label; unset grid; ".(with_key ? "set key outside right top reverse Left; " : "")

begin(format) = format eq 'dumb' ? terminal_dumb.'; '.text : \
	(format eq 'svg' ? terminal_svg : terminal_png).'; '.picture."set output prefix.name.'.".format."'"
