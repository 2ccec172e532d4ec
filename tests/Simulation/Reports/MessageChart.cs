using System.Globalization;
using System.Text;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Simulation;

/// <summary>
/// A run drawn as a message chart: a column per process, time downwards, an arrow for each message that arrives, a broken
/// one for each that is lost, a letter for what a process does.
/// </summary>
internal sealed class MessageChart(TextWriter writer)
{
    private const int ColumnWidth = 8;
    private const int HeaderEvery = 60;

    private Stage? _stage;
    private int _lines;

    /// <summary>A block's short name: its height and the first digits of its hash.</summary>
    public static string Name(BlockHeader header) => $"{header.Height}#{Short(header.Hash)}";

    /// <summary>The first digits of a hash.</summary>
    public static string Short(Digest hash) => hash == Digest.Zero ? "none" : hash.ToString()[..4];

    /// <summary>A message's type in one word.</summary>
    public static string TypeOf(ConsensusMessage? message) => message switch
    {
        ProposeMessage => "propose",
        VoteMessage { Type: VoteType.Prepare } => "prepare",
        VoteMessage => "commit",
        ViewChangeMessage => "view-change",
        DecidedMessage => "decided",
        StatusMessage => "status",
        ProposalRequest => "request",
        ProposalResponse => "response",
        RecallRequest => "recall",
        RecallResponse => "recalled",
        null => "garbage",
        _ => message.GetType().Name,
    };

    public void Begin(Stage stage)
    {
        _stage = stage;
        Scenario s = stage.Scenario;
        writer.WriteLine($"seed {s.Seed}: {s.Validators} validators, f = {Quorum.Faulty(s.Validators)}, Q = "
            + $"{Quorum.Size(s.Validators)}; {string.Join(", ", stage.Nodes.Select(n => $"{n.Slot} {n.Kind}"
                + (n.Slot == n.Index ? "" : $" of {n.Index}")))}");
        writer.WriteLine($"timeout {s.Parameters.BaseTimeoutMs} ms, K = {s.LeaderBlocksMax}, things go wrong for "
            + $"{s.DurationMs} ms: {string.Join(", ", s.Faults.Order().Select(FaultCounts.NameOf))}");
        writer.WriteLine("o=> arrives  x=> lost  S starts  C dies  J journal record  V view  # block stored  D disk  T clock  "
            + "! alarm  x refused");
    }

    public void End(string? failure) => writer.WriteLine(failure is null ? "all promises kept" : $"FAILED {failure}");

    public void Note(string text) => Line("".PadRight(Width), $"-- {text}");

    /// <summary>Something happens at one process.</summary>
    public void Event(SimulatedNode node, char mark, string text)
    {
        StringBuilder line = Columns();
        line[Middle(node)] = mark;
        Line(line.ToString(), $"{node.Slot} {text}");
    }

    public void Appended(SimulatedNode node, AppendJournal e) =>
        Event(node, 'J', $"journal {e.Index}: {Describe(JournalCodec.TryDecode(e.Record))}");

    public void Delivered(SimulatedNode from, SimulatedNode to, Frame frame)
    {
        if (to.IsUp)
            Line(Arrow(from, to, 'o', '='), $"{from.Slot}->{to.Slot} {Describe(frame)}");
        else
            Lost(from, to, frame, "down");
    }

    public void Lost(SimulatedNode from, SimulatedNode to, Frame frame, string why) =>
        Line(Arrow(from, to, 'x', '-'), $"{from.Slot}->{to.Slot} {why}: {Describe(frame)}");

    private static string Describe(Frame frame) => frame switch
    {
        ConsensusFrame f => Describe(f.Message),
        EnvelopesFrame f => $"gossip ({f.Envelopes.Count})",
        BodyResponse f => $"bodies ({f.Envelopes.Count})",
        BodyRequest f => $"asks for {f.Leaves.Count} bodies",
        BlockRequest f => $"asks for blocks from {f.First} on",
        BlockResponse f => $"{f.Blocks.Count} blocks from {f.First} on, tip {f.TipHeight}",
        SnapshotAsk { Request: var r } => r.PartCase == SnapshotRequest.PartOneofCase.None
            ? "asks for snapshots" : $"asks for {r.PartCase.ToString().ToLowerInvariant()} of the snapshot at {r.Height}",
        SnapshotGiven { Response: var r } => r switch
        {
            { Head: not null } => $"head of the snapshot at {r.Height}",
            { Pages.Count: > 0 } => $"{r.Pages.Count} pages of the snapshot at {r.Height}",
            { Rows.Count: > 0 } => $"{r.Rows.Count} rows of the snapshot at {r.Height}",
            _ => $"holds snapshots at {string.Join(", ", SnapshotRules.ReadHeld(r))}",
        },
        _ => frame.GetType().Name,
    };

    private static string Describe(ConsensusMessage? message) => TypeOf(message) + message switch
    {
        ProposeMessage m => $" {Name(m.Block.Header)} v{m.View}{(m.IsFresh ? "" : " again")}",
        VoteMessage m => $" {m.VoteHeight}#{Short(m.BlockHash)} v{m.View} of {m.Signer}",
        ViewChangeMessage m => $" {m.AtHeight} v{m.View} of {m.Payload.Signer}, prepared "
            + (m.Prepared is { } c ? $"#{Short(c.BlockHash)} v{c.View}" : "none"),
        DecidedMessage m => $" {Name(m.Header)}",
        StatusMessage m => $" {m.Height} v{m.View}",
        ProposalRequest m => $" {m.AtHeight}#{Short(m.BlockHash)}",
        ProposalResponse m => $" {Name(m.Block.Header)}",
        RecallRequest m => $" above {m.Above}",
        RecallResponse { Newest: { } v } => $" {v.Type} {v.Height} v{v.View}",
        _ => "",
    };

    private static string Describe(JournalRecord? record) => record switch
    {
        AcceptedRecord r => $"accepted {Name(r.Proposal.Block.Header)} v{r.Proposal.View}",
        PreparedRecord r => $"prepared {r.Commit.VoteHeight}#{Short(r.Commit.BlockHash)} v{r.Commit.View}",
        PromisedRecord r => $"promised {r.ViewChange.AtHeight} v{r.ViewChange.View}",
        StoredMark { Abstention.IsNone: false } r =>
            $"stored {r.Height}, abstains: {r.Abstention.Reason} until {r.Abstention.VotesAgainAt}",
        StoredMark r => $"stored {r.Height}",
        RecallRecord r => $"recall above {r.Above}{(r.IsOver ? " over" : "")}",
        _ => record?.GetType().Name ?? "unreadable",
    };

    private int Width => _stage!.Nodes.Count * ColumnWidth;

    private static int Middle(SimulatedNode node) => node.Slot * ColumnWidth + ColumnWidth / 2;

    private StringBuilder Columns()
    {
        var line = new StringBuilder(new string(' ', Width));
        foreach (SimulatedNode node in _stage!.Nodes)
            line[Middle(node)] = node.IsUp ? '|' : '.';
        return line;
    }

    private string Arrow(SimulatedNode from, SimulatedNode to, char tail, char shaft)
    {
        StringBuilder line = Columns();
        (int start, int end) = (Middle(from), Middle(to));
        int step = Math.Sign(end - start);
        for (int at = start; at != end; at += step)
        {
            if (line[at] == ' ')
                line[at] = shaft;
        }
        line[start] = tail;
        if (step != 0)
            line[end - step] = step > 0 ? '>' : '<';
        return line.ToString();
    }

    private void Line(string columns, string text)
    {
        if (_lines++ % HeaderEvery == 0)
        {
            writer.WriteLine("      ms " + string.Concat(
                _stage!.Nodes.Select(n => $"{n.Index}".PadLeft(ColumnWidth / 2 + 1).PadRight(ColumnWidth))));
        }
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{_stage!.NowUs / 1_000.0,8:F1} {columns} {text}").TrimEnd());
    }
}
