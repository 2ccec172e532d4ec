using System.Globalization;
using System.Security;
using System.Text;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>Acknowledgements a second over time, and below, in a row for each track, the faults: an SVG image.</summary>
internal static class ThroughputPicture
{
    private const int Left = 90;
    private const int Right = 20;
    private const int Top = 40;
    private const int CurveHeight = 260;
    private const int RowHeight = 26;
    private const int RowGap = 8;

    private static readonly Dictionary<Track, string> Rows = new()
    {
        [Track.Processes] = "processes",
        [Track.Network] = "network",
        [Track.Clocks] = "clocks",
    };

    /// <summary>The image's text.</summary>
    public static string Draw(NemesisReport report)
    {
        double seconds = Math.Max(1, report.Seconds + report.SecondsToSettle);
        double width = Math.Clamp(seconds * 4, 800, 2_400);
        int most = Math.Max(10, report.PerSecond.DefaultIfEmpty(0).Max());
        int rowsTop = Top + CurveHeight + 50;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Left + width + Right:F0}\" height=\"{rowsTop + 3 * (RowHeight + RowGap) + 70}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        Text(svg, Left, 22, $"Acknowledgements a second, {report.Nodes} departments, seed {report.Seed}: {report.Acknowledged} acknowledged, "
            + $"{report.NodesKilled} kills, {report.Partitions} partitions" + (report.Ok ? "; none lost, doubled or altered" : "; FAILED"), "start", 14);

        for (int i = 0; i <= 4; i++)
        {
            double y = Top + CurveHeight - CurveHeight * i / 4.0;
            Line(svg, Left, y, Left + width, y);
            Text(svg, Left - 8, y + 4, (most * i / 4).ToString(CultureInfo.InvariantCulture), "end");
        }
        double step = StepOf(seconds);
        for (double t = 0; t <= seconds; t += step)
        {
            Line(svg, X(t), Top, X(t), rowsTop + 3 * (RowHeight + RowGap));
            Text(svg, X(t), Top + CurveHeight + 18, $"{t:F0} s", "middle");
        }

        foreach (FaultReport fault in report.Faults)
        {
            int row = rowsTop + (int)fault.Track * (RowHeight + RowGap);
            svg.Append(CultureInfo.InvariantCulture,
                $"<rect x=\"{X(fault.From):F1}\" y=\"{row}\" width=\"{Math.Max(1.5, X(fault.To) - X(fault.From)):F1}\" height=\"{RowHeight}\" fill=\"{ColourOf(fault.Kind)}\"><title>");
            svg.Append(SecurityElement.Escape(string.Create(CultureInfo.InvariantCulture,
                $"{fault.From:F1} s: {fault.Kind} of {string.Join(", ", fault.Departments)} {fault.Note}")));
            svg.Append("</title></rect>\n");
        }
        foreach ((Track track, string name) in Rows)
            Text(svg, Left - 8, rowsTop + (int)track * (RowHeight + RowGap) + 17, name, "end");

        svg.Append("<polyline fill=\"none\" stroke=\"#1f4e9c\" stroke-width=\"1.4\" points=\"");
        for (int i = 0; i < report.PerSecond.Count; i++)
        {
            svg.Append(CultureInfo.InvariantCulture,
                $"{X(i + 0.5):F1},{Top + CurveHeight - CurveHeight * (double)report.PerSecond[i] / most:F1} ");
        }
        svg.Append("\"/>\n");
        Line(svg, X(report.Seconds), Top, X(report.Seconds), rowsTop, "#1f8f3a");
        Text(svg, X(report.Seconds) - 4, Top + 12, "all mended", "end");
        Legend(svg, rowsTop + 3 * (RowHeight + RowGap) + 24);
        return svg.Append("</svg>\n").ToString();

        double X(double t) => Left + width * t / seconds;
    }

    private static void Legend(StringBuilder svg, int y)
    {
        double x = Left;
        foreach (IGrouping<string, FaultKind> colour in Enum.GetValues<FaultKind>().GroupBy(ColourOf))
        {
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x:F0}\" y=\"{y - 10}\" width=\"12\" height=\"12\" fill=\"{colour.Key}\"/>\n");
            string names = string.Join(", ", colour);
            Text(svg, x + 16, y, names, "start");
            x += 30 + 6.2 * names.Length;
            if (x <= Left + 700)
                continue;
            x = Left;
            y += 18;
        }
    }

    private static string ColourOf(FaultKind kind) => kind switch
    {
        FaultKind.KillNode or FaultKind.KillLeader => "#d62728",
        FaultKind.KillAll => "#7f0000",
        FaultKind.KillClient => "#ff9896",
        FaultKind.Freeze => "#17becf",
        FaultKind.FullDisk => "#8c564b",
        FaultKind.Partition or FaultKind.Cut or FaultKind.OneWay => "#ff7f0e",
        FaultKind.Delay or FaultKind.Loss => "#ffd27f",
        FaultKind.ClockJump => "#2ca02c",
        _ => "#9467bd",
    };

    private static double StepOf(double seconds) =>
        new double[] { 5, 10, 30, 60, 120, 300, 600, 1_800 }.FirstOrDefault(s => seconds / s <= 20, 3_600);

    private static void Line(StringBuilder svg, double x1, double y1, double x2, double y2, string colour = "#dddddd") =>
        svg.Append(CultureInfo.InvariantCulture,
            $"<line x1=\"{x1:F1}\" y1=\"{y1:F1}\" x2=\"{x2:F1}\" y2=\"{y2:F1}\" stroke=\"{colour}\"/>\n");

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor, int size = 12) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\" font-size=\"{size}\">")
            .Append(SecurityElement.Escape(text)).Append("</text>\n");
}
