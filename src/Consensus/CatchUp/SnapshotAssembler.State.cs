using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Consensus;

/// <content>The state tree's pages, and the values that hang on them.</content>
public sealed partial class SnapshotAssembler
{
    private readonly List<FetchedRows> _ranges = [];
    private readonly List<FetchedRows> _again = []; // the same or parts of them, to be asked of others
    private readonly HashSet<int> _omitted = [];
    private ulong _leaves;
    private ulong _rows;

    /// <summary>The pages of the state tree from the root down, those deepest first, so that few wait.</summary>
    private IEnumerable<LedgerQuestion> AskForPages()
    {
        ulong pages = 0;
        var wanted = new List<(StatePageId Id, Digest Root)> { (StatePageId.Root, Header!.StateRoot) };
        while (wanted.Count > 0)
        {
            int count = Math.Min(wanted.Count, SnapshotRules.PagesMax);
            List<(StatePageId Id, Digest Root)> asked = wanted.GetRange(wanted.Count - count, count);
            var request = new StatePagesWanted();
            request.Keys.AddRange(asked.Select(static a => UnsafeByteOperations.UnsafeWrap(a.Id.ToKey())));
            var links = new List<StatePageLinks>();
            foreach (LedgerQuestion question in sources.Ask(
                new SnapshotRequest { Height = height, Pages = request }, (answer, _) => TakePages(asked, answer.Pages, links)))
                yield return question;
            if (!sources.WasGiven)
            {
                Failure = "nobody gives the pages of the state tree";
                yield break;
            }
            wanted.RemoveRange(wanted.Count - count, count);
            wanted.AddRange(asked.Skip(links.Count));
            foreach (StatePageLinks page in links)
            {
                _leaves += (ulong)page.Leaves;
                wanted.AddRange(page.Children);
            }
            pages += (ulong)links.Count;
            OnProgress(new SnapshotProgress(height, pages, 0, 0, 0));
            // That there are so many is proven by now, whatever was said; of blocks nothing is, so that they do not count.
            if (!IsWorthwhile(Header, Header, _leaves))
            {
                Failure = TooDear;
                yield break;
            }
        }
    }

    private string? TakePages(
        List<(StatePageId Id, Digest Root)> asked, IReadOnlyList<ByteString> pages, List<StatePageLinks> links)
    {
        links.Clear();
        if (pages.Count == 0 || pages.Count > asked.Count)
            return "sent no pages of the state tree, or too many";
        if (pages.Count < asked.Count && !AnswerLength.IsFullOf(pages, AnswerBytesMax))
            return "gives the pages of a state tree piece by piece";
        foreach (StatePageReading reading in StateTree.ReadLinks([.. pages.Select((page, i) => (asked[i].Id, page.Memory))]))
        {
            if (reading.Links is not { } page || page.Root != asked[links.Count].Root)
                return $"sent a page of the state tree ({asked[links.Count].Id}) that is not the snapshot's";
            links.Add(page);
        }
        assembly.Put(pages.Select((page, i) => (asked[i].Id, page.ToByteArray())));
        return null;
    }

    /// <summary>The state values in the order of their keys. That none was left out is known when all are here.</summary>
    private IEnumerable<LedgerQuestion> AskForRows()
    {
        byte[] after = [];
        while (_ranges.Count == 0 || !_ranges[^1].IsLast)
        {
            var next = new RowsWanted(after);
            foreach (LedgerQuestion question in AskForRows(next))
                yield return question;
            if (next.Given is not { } range)
            {
                Failure = "nobody gives the state values";
                yield break;
            }
            _ranges.Add(range);
            after = range.To;
        }
        foreach (LedgerQuestion question in _rows == _leaves ? [] : AskForOmitted())
            yield return question;
        Failure = _rows != _leaves ? "state values are missing that nobody gives"
            : _history.Agrees(Read<MembershipState>(StateKey.Membership)) ? null : "the state names other departments than the headers";
        // Of its blocks, those of a later version could not even be read.
        uint version = Read<ProtocolState>(StateKey.Protocol)?.Version ?? ProtocolVersions.First;
        if (Failure is null && version > NewestVersion)
            throw new UnexecutableVersionException(Header!.Height + 1, version, NewestVersion);
    }

    private T? Read<T>(StateKey key) where T : class, IMessage<T>, new() =>
        assembly.TryGetState(key) is { } bytes ? StateValue.Decode<T>(key, bytes) : null;

    private IEnumerable<LedgerQuestion> AskForRows(RowsWanted wanted)
    {
        var request = new SnapshotRequest
        {
            Height = height,
            Rows = new StateRowsWanted { After = UnsafeByteOperations.UnsafeWrap(wanted.After) },
        };
        foreach (LedgerQuestion question in sources.Ask(request, (answer, source) => TakeRows(wanted, source, answer), wanted.Among))
            yield return question;
        OnProgress(new SnapshotProgress(height, 0, _rows, _leaves, 0));
    }

    private string? TakeRows(RowsWanted wanted, int source, SnapshotResponse answer)
    {
        var states = new List<StateChange>(answer.Rows.Count);
        byte[] last = wanted.After;
        foreach (StateRow row in answer.Rows)
        {
            if (row.Key.Length is 0 or > SnapshotRules.StateKeyBytesMax || row.Key.Span.SequenceCompareTo(last) <= 0)
                return "sent state values out of order";
            last = row.Key.ToByteArray();
            states.Add(new StateChange(new StateKey((StateKind)last[0], last.AsSpan(1)), row.Value.ToByteArray()));
        }
        if (!answer.LastRows && !AnswerLength.IsFullOf(answer.Rows, AnswerBytesMax))
            return "gives state values piece by piece";
        // Right is what the tree holds already, up to the certified root.
        if (!StateTree.Holds(assembly, Header!.StateRoot, StateRoots.LeavesOf(states)))
            return "sent a state value that is not the snapshot's";
        // A range is asked for again only where something is missing in it.
        if (_ranges.Count > 0 && _ranges[^1].IsLast)
        {
            states.RemoveAll(s => assembly.TryGetState(s.Key) is not null);
            BlameFor(states);
        }
        _rows += (ulong)states.Count;
        assembly.Put(states);
        wanted.Given = new FetchedRows(source, wanted.After, last, answer.LastRows);
        return null;
    }

    /// <summary>Somebody left values out. Each range is asked of another, again and again of one that was not asked for it yet, until all
    /// are here: one that is honest has them. In whose range a value was missing lied. Those of whoever gave fewest come first: who comes to
    /// leave a value out at the end would else have all asked for twice.</summary>
    private IEnumerable<LedgerQuestion> AskForOmitted()
    {
        Dictionary<int, int> given = _ranges.CountBy(static r => r.Source).ToDictionary();
        _again.AddRange(_ranges.OrderBy(r => given[r.Source]));
        for (bool any = true; any;)
        {
            any = false;
            for (int i = 0; i < _again.Count; i++)
            {
                FetchedRows range = _again[i];
                var wanted = new RowsWanted(range.From) { Among = s => !range.Asked.Contains(s) };
                foreach (LedgerQuestion question in AskForRows(wanted))
                    yield return question;
                if (_rows == _leaves)
                    yield break;
                if (wanted.Given is not { } part)
                    continue; // nobody else has it
                any = true;
                Divide(i, part);
            }
        }
    }

    /// <summary>Who was asked for one part of a range can have what was left out of another: the rest of the range comes next.</summary>
    private void Divide(int place, FetchedRows given)
    {
        FetchedRows range = _again[place];
        bool isAll = given.IsLast || (!range.IsLast && given.To.AsSpan().SequenceCompareTo(range.To) >= 0);
        HashSet<int> asked = [.. range.Asked, given.Source];
        _again[place] = isAll ? range with { Asked = asked } : range with { To = given.To, IsLast = false, Asked = asked };
        if (!isAll)
            _again.Insert(place + 1, range with { From = given.To });
    }

    /// <summary>Who gave ranges that were not given by f + 1 departments with a vote, of which one is honest; nobody where no value is missing.
    /// </summary>
    private IEnumerable<int> Unconfirmed() => _rows == _leaves ? []
        : _again.Where(r => r.Asked.Count(s => s < _validators) < Quorum.Weak(_validators)).Select(static r => r.Source).Distinct();

    /// <summary>Values that came only when they were asked for again: whoever gave the ranges that they belong to left them out.</summary>
    private void BlameFor(IEnumerable<StateChange> late)
    {
        foreach (StateChange state in late)
        {
            FetchedRows range = _ranges.Find(r => r.Holds(state.Key.Span))!; // the last has no end
            if (_omitted.Add(range.Source))
                sources.Lied(range.Source, "left state values out of a snapshot");
        }
    }

    private sealed record FetchedRows(int Source, byte[] From, byte[] To, bool IsLast)
    {
        /// <summary>Who has been asked for it.</summary>
        public IReadOnlySet<int> Asked { get; init; } = new HashSet<int> { Source };

        public bool Holds(ReadOnlySpan<byte> key) =>
            key.SequenceCompareTo(From) > 0 && (IsLast || key.SequenceCompareTo(To) <= 0);
    }

    /// <summary>State values after a key, and what came.</summary>
    private sealed class RowsWanted(byte[] after)
    {
        public byte[] After => after;

        public Func<int, bool>? Among { get; init; }

        public FetchedRows? Given { get; set; }
    }
}
