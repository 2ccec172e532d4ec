using System.Globalization;

namespace GovChain.Tests.Simulation;

/// <summary>
/// How the network is in one view. Processes are 0 and 4, the twins of validator 0, and 1, 2, 3; a set of them is a number whose bits
/// they are.
/// </summary>
/// <param name="Split">0 to 15: 1, 2, 3 and 4 as far as they are on the side of process 0; 15: all are. It holds for all messages of
/// the view but Commits.</param>
/// <param name="Commits">0 to 15: likewise, for Commits; 16 to 20: only process 0 to 4 hears them.</param>
internal readonly record struct TwinsView(int Split, int Commits)
{
    public const int Splits = 16;
    public const int Whole = Splits - 1;
    public const int CommitPatterns = Splits + TwinsScenario.Processes;

    public bool Passes(int from, int to, bool isCommit)
    {
        int pattern = isCommit ? Commits : Split;
        return pattern >= Splits ? to == pattern - Splits : IsWith0(pattern, from) == IsWith0(pattern, to);
    }

    /// <summary>The same when each process bears another name.</summary>
    public TwinsView Renamed(int[] names) => new(Renamed(Split, names), Renamed(Commits, names));

    private static bool IsWith0(int split, int process) => process == 0 || (split >> (process - 1) & 1) != 0;

    private static int Renamed(int pattern, int[] names)
    {
        if (pattern >= Splits)
            return Splits + names[pattern - Splits];
        int renamed = 0;
        int zero = Array.IndexOf(names, 0); // who will be process 0
        for (int p = 0; p < TwinsScenario.Processes; p++)
        {
            if (names[p] != 0 && IsWith0(pattern, p) == IsWith0(pattern, zero))
                renamed |= 1 << (names[p] - 1);
        }
        return renamed;
    }
}

/// <summary>
/// A scenario of twins: who leads the first views of the first height, and how the network is in each (Bano et al., "Twins: BFT
/// Systems Made Robust", OPODIS 2021). Afterwards all is healed.
/// </summary>
/// <param name="Leaders">By view, the validator.</param>
/// <param name="Views">By view, the network.</param>
internal sealed record TwinsScenario(IReadOnlyList<int> Leaders, IReadOnlyList<TwinsView> Views)
{
    public const int Validators = 4;
    public const int Processes = Validators + 1;

    /// <summary>Reads what <see cref="ToString"/> writes; null for anything else.</summary>
    public static TwinsScenario? TryParse(string text)
    {
        string[] parts = text.Split(':');
        if (parts.Length < 2 || Numbers(parts[0], ',', Validators) is not { } leaders || leaders.Length != parts.Length - 1)
            return null;
        var views = new List<TwinsView>();
        foreach (string part in parts[1..])
        {
            if (Numbers(part, '/', TwinsView.CommitPatterns) is not [< TwinsView.Splits and var split, var commits])
                return null;
            views.Add(new TwinsView(split, commits));
        }
        return new TwinsScenario(leaders, views);
    }

    /// <summary>Leaders, and of each view the two patterns: "0,1:3/16:15/15".</summary>
    public override string ToString() =>
        $"{string.Join(',', Leaders)}:{string.Join(':', Views.Select(v => $"{v.Split}/{v.Commits}"))}";

    private static int[]? Numbers(string text, char separator, int below)
    {
        string[] words = text.Split(separator);
        int[] numbers = new int[words.Length];
        for (int i = 0; i < words.Length; i++)
        {
            if (!int.TryParse(words[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]) || numbers[i] >= below)
                return null;
        }
        return numbers;
    }
}

/// <summary>All scenarios of some size, of those that differ only in names one.</summary>
internal static class TwinsSpace
{
    private static readonly int[][] Renamings = [.. AllRenamings()];

    /// <summary>Of the first view 16 splits, and of its Commits that all or only one process hears them; of the second 16 splits. One
    /// of the twins leads one of these views, or both.</summary>
    public static IReadOnlyList<TwinsScenario> Bounded() => Of(
        [[0, 0], [0, 1], [1, 0]], [TwinsView.Whole, .. Enumerable.Range(TwinsView.Splits, TwinsScenario.Processes)], [TwinsView.Whole]);

    /// <summary>Whoever leads the two views, 16 splits and 21 patterns of Commits in each.</summary>
    public static IReadOnlyList<TwinsScenario> Full()
    {
        int[] all = [.. Enumerable.Range(0, TwinsView.CommitPatterns)];
        return Of([[0, 0], [0, 1], [1, 0], [1, 1], [1, 2]], all, all);
    }

    private static List<TwinsScenario> Of(int[][] leaders, int[] firstCommits, int[] secondCommits)
    {
        var scenarios = new List<TwinsScenario>();
        foreach (int[] order in leaders)
        {
            int[][] renamings = [.. Renamings.Where(names => order.All(l => l == 0 || names[l] == l))];
            foreach (TwinsView first in Views(firstCommits))
            {
                foreach (TwinsView second in Views(secondCommits))
                {
                    if (renamings.All(names => !IsBefore(first.Renamed(names), second.Renamed(names), first, second)))
                        scenarios.Add(new TwinsScenario(order, [first, second]));
                }
            }
        }
        return scenarios;
    }

    private static IEnumerable<TwinsView> Views(int[] commits) =>
        from split in Enumerable.Range(0, TwinsView.Splits) from pattern in commits select new TwinsView(split, pattern);

    private static bool IsBefore(TwinsView first, TwinsView second, TwinsView otherFirst, TwinsView otherSecond) =>
        (first.Split, first.Commits, second.Split, second.Commits).CompareTo(
            (otherFirst.Split, otherFirst.Commits, otherSecond.Split, otherSecond.Commits)) < 0;

    /// <summary>New names of the processes: the twins may change theirs, and the other three.</summary>
    private static IEnumerable<int[]> AllRenamings()
    {
        int[][] orders = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]];
        return orders.SelectMany(o => new int[][] { [0, .. o, 4], [4, .. o, 0] });
    }
}
