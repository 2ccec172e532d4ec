using GovChain.Protos.V1;

namespace GovChain.Consensus;

/// <summary>
/// Whom a node asks for the parts of one snapshot: the fastest first, of those that hold it. One that lied is asked for
/// nothing more, one that did not answer comes last for a while. No I/O: its questions are asked by whoever drives them.
/// </summary>
/// <remarks>Belongs to one caller at a time.</remarks>
/// <param name="connected">Who can be asked now, by number.</param>
/// <param name="nowMs">A clock that does not jump.</param>
/// <param name="misbehaved">Told who did what no honest node does.</param>
/// <param name="plan">Remembers what searches before have shown; goes on with this one.</param>
/// <param name="blocks">What those who were asked for blocks before have shown; likewise.</param>
public sealed class SnapshotSources(
    Func<IReadOnlyList<int>> connected, Func<ulong> nowMs, Action<int, string> misbehaved, SnapshotPlan? plan = null,
    BlockSources<int>? blocks = null)
{
    /// <summary>After so long the time that somebody took for a part counts half, milliseconds: a fetch has an end, so that one that is slow
    /// must not be tried as often as for blocks.</summary>
    private const long PartHalvedAfterMs = 60_000;

    private readonly SnapshotPlan _plan = plan ?? new SnapshotPlan(lagMin: 0);
    private readonly Paces _parts = new(PartHalvedAfterMs); // an answer of one that is honest is full, or the last
    private readonly BlockSources<int> _blocks = blocks ?? new BlockSources<int>();
    private readonly Dictionary<int, ulong> _silentSinceMs = [];
    private readonly HashSet<int> _liars = [];
    private readonly HashSet<int> _holders = [];
    private readonly HashSet<int> _givers = []; // of state values
    private readonly HashSet<int> _offered = [];
    private readonly HashSet<int> _spurned = [];
    private readonly HashSet<int> _letGo = [];

    /// <summary>What <see cref="Find"/> found: the height that most of those asked hold a snapshot at, and of several the
    /// newest; null where nobody has one. Whose snapshot was given up does not count until all others have had their turn.</summary>
    public ulong? Found { get; private set; }

    /// <summary>Whether somebody gave what <see cref="Ask"/> or <see cref="AskForBlocks"/> asked for.</summary>
    public bool WasGiven { get; private set; }

    /// <summary>The blocks that <see cref="AskForBlocks"/> was given, and who gave them.</summary>
    public (int Source, IReadOnlyList<FetchedBlock> Blocks) Blocks { get; private set; } = (-1, []);

    /// <summary>Asks all which snapshots they hold above a height.</summary>
    public IEnumerable<LedgerQuestion> Find(ulong above)
    {
        Found = null;
        var question = new OffersQuestion(Order(_parts.Of, s => !_spurned.Contains(s)));
        yield return question;
        var held = new SortedDictionary<ulong, List<int>>();
        for (int i = 0; i < question.Sources.Count; i++)
        {
            foreach (ulong height in question.Answers[i] is { } answer ? SnapshotRules.ReadHeld(answer).Distinct() : [])
            {
                if (height <= above)
                    continue;
                if (!held.TryGetValue(height, out List<int>? holders))
                    held.Add(height, holders = []);
                holders.Add(question.Sources[i]);
            }
        }
        if (held.Count == 0)
            yield break;
        if (held.Values.All(by => by.TrueForAll(_plan.GivenUp.Contains)))
            _plan.GivenUp.Clear();
        (ulong best, List<int> by) = held.OrderBy(h => h.Value.Count(s => !_plan.GivenUp.Contains(s))).ThenBy(static h => h.Key).Last();
        _givers.Clear();
        _holders.Clear();
        _holders.UnionWith(by);
        _offered.Clear();
        _offered.UnionWith(by);
        Found = best;
    }

    /// <summary>The snapshot that was found is given up.</summary>
    /// <param name="isProven">Its header is certified; else what its holders offer does not count any more in this search. Whoever does not
    /// hold it any more, as it says, is believed once.</param>
    public void GiveUp(bool isProven)
    {
        if (!isProven)
            _offered.RemoveWhere(s => !_holders.Contains(s) && _letGo.Add(s));
        _plan.GivenUp.UnionWith(_offered);
        if (!isProven)
            _spurned.UnionWith(_offered);
    }

    /// <summary>
    /// Asks for a part until somebody gives it, or nobody is left that might. What was asked of one that lies comes from the
    /// next.
    /// </summary>
    /// <param name="request">The part.</param>
    /// <param name="judge">What is wrong with an answer; null to take it. Also told who gave it.</param>
    /// <param name="among">Who may be asked; null: all that hold the snapshot.</param>
    public IEnumerable<LedgerQuestion> Ask(
        SnapshotRequest request, Func<SnapshotResponse, int, string?> judge, Func<int, bool>? among = null)
    {
        WasGiven = false;
        bool isRows = request.PartCase == SnapshotRequest.PartOneofCase.Rows;
        foreach (int source in Order(_parts.Of, s => _holders.Contains(s) && (among is null || among(s)), isRows ? Doubt : null))
        {
            var question = new PartQuestion(source, request);
            yield return question;
            if (question.Answer is not { } answer)
            {
                _parts.Take(source, question.TookUs, nowMs());
                Failed(question, source, "did not answer a request for a part of a snapshot", HasEnded(source));
                continue;
            }
            _silentSinceMs.Remove(source);
            _parts.Take(source, question.TookUs, nowMs());
            if (answer.Height != request.Height || answer is { Head: null, Pages.Count: 0, Rows.Count: 0, LastRows: false })
            {
                _holders.Remove(source); // its time is over there, or it restarted
                continue;
            }
            if (judge(answer, source) is not { } lie)
            {
                WasGiven = true;
                if (isRows)
                    _givers.Add(source);
                yield break;
            }
            Lied(source, lie);
        }
    }

    /// <summary>Asks for blocks until somebody gives them.</summary>
    public IEnumerable<LedgerQuestion> AskForBlocks(ulong firstHeight)
    {
        WasGiven = false;
        foreach (int source in Order((s, now) => _blocks.Of(s).PaceAt(now)))
        {
            BlockSource shown = _blocks.Of(source);
            var question = new BlocksQuestion(source, firstHeight, shown.Range);
            yield return question;
            if (CatchUp.HasBlocks(question, out string? complaint))
            {
                _silentSinceMs.Remove(source);
                shown.Gave(question, nowMs());
                Blocks = (source, question.Answer!.Blocks);
                WasGiven = true;
                yield break;
            }
            shown.GaveNone(question, nowMs()); // also where it lacks them, which is no fault, however long it took to say so
            if (complaint is not null)
                Failed(question, source, complaint, question.Answer is null && HasEnded(source));
        }
    }

    /// <summary>The snapshot is given up with values missing, and of what these gave nobody knows whether it is all.</summary>
    public void LeaveUnconfirmed(IEnumerable<int> sources) => _plan.LeaveUnconfirmed(sources);

    /// <summary>It sent what cannot be true: nothing more is asked of it.</summary>
    public void Lied(int source, string complaint)
    {
        _liars.Add(source);
        misbehaved(source, complaint);
    }

    /// <summary>Once values were missing, whoever gave what nobody confirmed comes last for them, and one gives all that it can: with what
    /// it leaves out at most one that is honest is doubted, whoever goes on where it stops.</summary>
    private (int Unconfirmed, bool Begins) Doubt(int source) => (_plan.Unconfirmed(source), _plan.IsIncomplete && !_givers.Contains(source));

    private int[] Order(Func<int, ulong, long> pace, Func<int, bool>? among = null, Func<int, (int, bool)>? doubt = null)
    {
        ulong now = nowMs();
        return
        [
            .. connected().Where(s => !_liars.Contains(s) && (among is null || among(s)))
                .OrderBy(s => _silentSinceMs.TryGetValue(s, out ulong since) && now - since < CatchUp.PassedOverMs)
                .ThenBy(s => doubt?.Invoke(s) ?? default).ThenBy(s => pace(s, now)),
        ];
    }

    /// <summary>Its stream is no longer there: it may have been stopped, which is no fault.</summary>
    private bool HasEnded(int source) => !connected().Contains(source);

    /// <summary>It gave nothing, and comes last for a while: unless its stream ended, for which nobody is named, before others had waited a
    /// second.</summary>
    private void Failed(LedgerQuestion question, int source, string complaint, bool ended)
    {
        if (!ended || question.TookUs >= CatchUp.LetWaitUs)
            _silentSinceMs[source] = nowMs();
        if (!ended)
            misbehaved(source, complaint);
    }
}
