using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Consensus;
using GovChain.Core.Model;
using GovChain.Node.Membership;
using GovChain.Protos.V1;
using Spectre.Console;

namespace GovChain.Node.Commands;

/// <summary><c>govchain node status</c>: this node, and every peer as it sees them.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        Option<bool> json = Output.JsonOption();
        var command = new Command("status", "Show a node's height, view, leader, lag, pool, last vote, alarms, evidence and last error, and its peers'") { json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            GetStatusResponse status = await client.GetStatusAsync(cancellation);
            if (result.GetValue(json))
                Output.Json(JsonNode.Parse(new JsonFormatter(JsonFormatter.Settings.Default.WithFormatDefaultValues(true)).Format(status))!);
            else
                Print(status);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(GetStatusResponse s)
    {
        var up = TimeSpan.FromMilliseconds(s.UptimeMs);
        Output.Line($"{s.Department} on {s.NetworkName}, version {s.Version}, up {up.Days} days {up:hh\\:mm\\:ss}");
        Output.Line($"  chain id   {s.ChainId}");
        Output.Line($"  height     {s.Height}, {s.LogSize} log entries{Entries(s.LogSize)}, newest block of {UtcTime.Format(s.HeaderTimeMs)}");
        Output.Line($"  log root   {s.LogRoot}");
        Output.Line($"  state root {s.StateRoot}");
        Output.Line($"  view       {s.View}, leader {s.Leader}, lag {s.Lag} blocks");
        if (s.Snapshot is { } snapshot)
        {
            Output.Line($"  snapshot   of block {snapshot.Height} is being fetched: " + (snapshot.RowsExpected == 0
                ? $"{snapshot.Pages} pages of the state tree"
                : $"{snapshot.Rows} of {snapshot.RowsExpected} state values, {snapshot.Blocks} blocks"));
        }
        if (s.WholeFromHeight > 0)
        {
            Output.Line($"  whole from block {s.WholeFromHeight} on; of the {s.WholeFromHeight - 1} below, {s.FilledToHeight} are filled in. What needs "
                + "the rest is answered NOT_YET_AVAILABLE");
        }
        if (s.LastViewLeft is { } left)
        {
            Output.Line($"  view left  height {left.Height}, view {left.View} of {left.Leader} for {left.NextView} of {left.NextLeader} on "
                + $"{UtcTime.Format(left.AtMs)}: {left.Cause} {Output.Value(left.Detail)}".TrimEnd());
        }
        foreach (SuspendedLeader d in s.SuspendedLeaders)
        {
            Output.Line($"  suspended  {d.Department} leads nothing until height {d.LastHeight}: a quorum left view {d.BlamedView} of height "
                + $"{d.BlamedHeight}, which it led (log position {d.Position})");
        }
        Output.Line($"  pool       {s.PoolTransactions} transactions, {s.PoolBytes} bytes");
        Output.Line($"  epoch      {s.Epoch}, {s.Departments} departments vote: {string.Join(", ", s.Validators)}");
        Output.Line($"  protocol   version {s.ProtocolVersion}; this release executes versions up to {s.NewestVersion}");
        if (s.Scheduled is { } scheduled)
        {
            Output.Line($"  scheduled  protocol version {scheduled.Version}, from {UtcTime.Format(scheduled.FromMs)} on (log position {s.ScheduledPosition}); that they "
                + $"execute it say {VersionOutlook(s, scheduled.Version)}");
        }
        Output.Line(s.Voting ? "  voting     yes"
            : s.KeyReplaced ? $"  voting     NO: {Output.Value(s.AbstainingBecause)}"
            : s.Observer ? "  voting     observer: it follows and serves, and has no vote"
            : s.VotesAgainAt > 0 ? $"  voting     NO, abstaining until height {s.VotesAgainAt} because: {s.AbstainingBecause}"
            : $"  voting     NO: {s.AbstainingBecause}");
        if (!s.Observer)
        {
            Output.Line(s.LastVote is { } own ? $"  last vote  {own.Kind} {own.Height}/{own.View} on {UtcTime.Format(own.AtMs)}"
                : "  last vote  none since the start, or since the epoch began");
        }
        if (s.Alarms.Count == 0)
            Output.Line("  alarms     none");
        foreach (ActiveAlarm a in s.Alarms)
            Output.Line($"  ALARM      {a.Code} ({a.Severity}) since {UtcTime.Format(a.SinceMs)}: {a.Text}");
        foreach (AccusedDepartment e in s.Evidence)
            Output.Line($"  EVIDENCE   {e.Department} {e.Text} ({e.Id}, {(e.Position == 0 ? "not on the ledger yet" : $"log entry {e.Position}")})");
        if (s.EvidencePieces == 0)
            Output.Line("  evidence   none");
        if (s.Evidence.Count < s.EvidencePieces)
            Output.Line($"  evidence   {s.EvidencePieces} pieces in all: govchain evidence list --data DIR");
        if (s.LastError.Length > 0)
            Output.Line($"  last error {Output.Value(s.LastError)}");
        if (s.Peers.Count == 0)
            return;
        Table table = new Table().Border(TableBorder.Simple)
            .AddColumn("peer", c => c.NoWrap()).AddColumn("endpoint", c => c.NoWrap())
            .AddColumns("connected", "height", "lag", "says view", "says it votes", "last vote", "last error");
        ulong highest = s.Peers.Max(static p => p.Height + p.Lag);
        foreach (PeerStatus p in s.Peers)
        {
            table.AddRow(
                p.Department, Markup.Escape(p.Endpoint), p.Connected ? "yes" : "NO",
                Heard(p, p.Height), Heard(p, p.Lag), Heard(p, p.View), SaysItVotes(p, highest),
                p.LastVote is { } vote ? Markup.Escape(Output.Value($"{vote.Kind} {Claimed(vote.Height, highest)}/{vote.View}")) : "none",
                Markup.Escape(Output.Value(p.LastError)));
        }
        Output.Table(table);
        Output.Line("Heights above this node's are proven by certificates. View, voting and last vote are what each department says"
            + (s.Peers.Any(p => !IsPossible(p.VotesAgainAt, highest) || !IsPossible(p.LastVote?.Height ?? 0, highest))
                ? "; no honest department says what is marked with '?'." : "."));
    }

    private static string VersionOutlook(GetStatusResponse status, uint version)
    {
        string[] executing = [.. QuorumOutlook.Executing(status, version)];
        return $"{executing.Length} of {QuorumOutlook.Count((int)status.Departments, "department", "departments")}"
            + (executing.Length == 0 ? "" : $": {string.Join(", ", executing)}");
    }

    /// <summary>What a peer says of its vote, as far as it says anything.</summary>
    internal static string SaysItVotes(PeerStatus peer, ulong highest) => peer switch
    {
        { Observer: true } => "observer",
        { Heard: false } => "never heard",
        { AbstainingBecause.Length: 0 } => "yes",
        { VotesAgainAt: > 0 } => $"from {Claimed(peer.VotesAgainAt, highest)}",
        _ => "NO",
    };

    private static string Heard(PeerStatus peer, ulong number) =>
        peer is { Heard: true, Observer: false } ? number.ToString(CultureInfo.InvariantCulture) : "-";

    /// <summary>What a log of so many entries consists of.</summary>
    internal static string Entries(ulong logSize) => logSize == 0 ? "" : $" (genesis and {logSize - 1} transactions)";

    /// <summary>A height that a department claims, marked where it cannot be true.</summary>
    internal static string Claimed(ulong height, ulong highest) =>
        string.Create(CultureInfo.InvariantCulture, $"{height}{(IsPossible(height, highest) ? "" : "?")}");

    /// <summary>Nobody votes, or says when it will vote again, further above the newest certified block than this.</summary>
    private static bool IsPossible(ulong height, ulong highest) => height <= highest || height - highest <= Abstention.Heights;
}
