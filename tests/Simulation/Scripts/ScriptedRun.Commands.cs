using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>What is done: messages, timers, crashes, disks.</content>
internal sealed partial class ScriptedRun
{
    private void Do(WordReader words)
    {
        string command = words.Next();
        switch (command)
        {
            case "submit":
                Submit(words);
                break;
            case "deliver":
                Deliver(Selection(words));
                break;
            case "lose":
                Predicate<(SimulatedNode, int, Frame)> lost = Selection(words);
                if (_pending.RemoveAll(lost) == 0)
                    throw new TranscriptException("there is nothing to lose");
                break;
            case "cut":
                Cut(words);
                break;
            case "join":
                _cut.Clear();
                break;
            case "tick":
                NodesIn(words).ForEach(node => Once(_status, node, "a status")());
                break;
            case "timer":
                FireTimer(words);
                break;
            case "advance":
                ulong untilUs = NowUs + (ulong)words.Number() * 1_000;
                RunUntil(untilUs, () => false);
                break;
            case "crash":
                Crash(words);
                break;
            case "restart":
                NodesIn(words).ForEach(node => node.Start());
                break;
            case "disk":
                SpoilDisk(words);
                break;
            case "clock":
                Node(words.Next()).JumpClock(words.Number());
                break;
            case "signing-takes":
                _takesUs[Work.Sign] = (ulong)words.Number() * 1_000;
                break;
            case "execution-takes":
                _takesUs[Work.Execute] = (ulong)words.Number() * 1_000;
                break;
            case "storing-takes":
                _takesUs[Work.Store] = (ulong)words.Number() * 1_000;
                break;
            case "let":
                Name(words);
                break;
            case "forge":
                Forge(words);
                break;
            case "replay":
                Replay(words);
                break;
            case "expect":
                Expect(words);
                break;
            default:
                throw new TranscriptException($"nobody knows how to '{command}'");
        }
        words.End();
        Settle();
    }

    /// <summary>Transactions, each by its name, come to the pools of some nodes and are gossiped to nobody.</summary>
    private void Submit(WordReader words)
    {
        string[] names = words.List();
        words.Expect("at");
        List<SimulatedNode> nodes = NodesIn(words);
        foreach (string name in names)
        {
            if (!_transactions.TryGetValue(name, out Transaction? transaction))
            {
                transaction = Chain.Define(0, UtcMs, $"type-{name}", 0);
                _transactions.Add(name, transaction);
                Invariants.Submitted[transaction.Id] = Fate.Commits;
            }
            foreach (SimulatedNode node in nodes)
                node.Receive(node.Index, new EnvelopesFrame([transaction.Envelope]));
        }
    }

    /// <summary>[except] kinds, from, to, view, height: whatever is named must fit.</summary>
    private Predicate<(SimulatedNode From, int To, Frame Frame)> Selection(WordReader words)
    {
        bool except = words.Take("except");
        var kinds = new HashSet<string>();
        if (except || (words.Peek is { } word && word is not ("from" or "to" or "view" or "height")))
            kinds.UnionWith(words.List());
        HashSet<string>? from = words.Take("from") ? [.. words.List()] : null;
        HashSet<string>? to = words.Take("to") ? [.. words.List()] : null;
        uint? view = words.Take("view") ? (uint)words.Number() : null;
        ulong? height = words.Take("height") ? (ulong)words.Number() : null;
        return pending => (kinds.Count == 0 || kinds.Contains(KindOf(pending.Frame)) != except)
            && (from?.Contains(NameOf(pending.From)) ?? true)
            && (to?.Contains($"{pending.To}") ?? true)
            && (view is null || ViewOf(pending.Frame) == view)
            && (height is null || (pending.Frame as ConsensusFrame)?.Message?.Height == height);
    }

    private static string KindOf(Frame frame) => frame switch
    {
        ConsensusFrame f => MessageChart.TypeOf(f.Message),
        EnvelopesFrame => "gossip",
        BodyResponse => "bodies",
        BodyRequest => "asks-bodies",
        BlockRequest => "asks-blocks",
        _ => "blocks",
    };

    private static uint? ViewOf(Frame frame) => (frame as ConsensusFrame)?.Message switch
    {
        ProposeMessage m => m.View,
        VoteMessage m => m.View,
        ViewChangeMessage m => m.View,
        _ => null,
    };

    private static string NameOf(SimulatedNode node) => node.Index + (node.Slot > node.Index && node.Kind == NodeKind.Twin
        && node.Slot != node.Index ? "b" : "");

    /// <summary>A,B from C,D: both ways; A -> C: one way.</summary>
    private void Cut(WordReader words)
    {
        int[] left = [.. words.List().Select(int.Parse)];
        bool bothWays = !words.Take("->");
        if (bothWays)
            words.Expect("from");
        int[] right = words.Take("all")
            ? [.. Enumerable.Range(0, Scenario.Validators).Except(left)]
            : [.. words.List().Select(int.Parse)];
        foreach (int a in left)
        {
            foreach (int b in right)
            {
                _cut.Add((a, b));
                if (bothWays)
                    _cut.Add((b, a));
            }
        }
    }

    private void FireTimer(WordReader words)
    {
        List<SimulatedNode> nodes = NodesIn(words);
        bool old = words.Take("old");
        foreach (SimulatedNode node in nodes)
        {
            List<(Action Fire, ulong DelayMs)> timers = Once(_timers, node, "a timer");
            if (timers.Count < (old ? 2 : 1))
                throw new TranscriptException($"node {NameOf(node)} has set no such timer");
            (Action fire, ulong delayMs) = timers[old ? ^2 : ^1];
            // Time passes with it: other things that were due come first.
            RunUntil(NowUs + delayMs * 1_000, () => false);
            fire();
            Settle();
        }
    }

    private void Crash(WordReader words)
    {
        List<SimulatedNode> nodes = NodesIn(words);
        if (!words.Take("after"))
        {
            nodes.ForEach(node => node.Crash());
            return;
        }
        words.Expect("journal");
        ulong record = (ulong)words.Number();
        bool durable = words.Take("durable");
        nodes.ForEach(node => _crashAt[node] = (record, durable));
    }

    private void SpoilDisk(WordReader words)
    {
        SimulatedNode node = Node(words.Next());
        switch (words.Next())
        {
            case "copy":
                _copies[node] = (node.Disk.Copy(), node.Ledger.Height);
                break;
            case "put-back":
                node.Disk.PutBack(_copies[node].Journal);
                node.Ledger.RollBack(_copies[node].Height);
                break;
            case "lost":
                node.Disk.PutBack(null);
                node.Ledger.RollBack(0);
                break;
            case "journal-lost":
                node.Disk.PutBack(null);
                break;
            case "fails-sync":
                node.Disk.Failing = FaultKind.SyncError;
                break;
            case "fails-write":
                node.Disk.Failing = FaultKind.WriteError;
                break;
            case "full":
                node.Disk.Failing = FaultKind.DiskFull;
                break;
            default:
                throw new TranscriptException("a disk does no such thing");
        }
    }

    private static T Once<T>(Dictionary<SimulatedNode, T> of, SimulatedNode node, string what) =>
        of.TryGetValue(node, out T? value) ? value : throw new TranscriptException($"node {NameOf(node)} waits for no {what}");
}
