using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>What is expected.</content>
internal sealed partial class ScriptedRun
{
    private void Expect(WordReader words)
    {
        string what = words.Next();
        switch (what)
        {
            case "height":
                Compare(words, n => $"{n.Ledger.Height}");
                break;
            case "epoch":
                Compare(words, n => $"{n.Ledger.History.Epoch}");
                break;
            case "view":
                Compare(words, n => $"{n.Core!.View}");
                break;
            case "leader":
                Compare(words, n => $"{n.Core!.Leader}");
                break;
            case "journal":
                Compare(words, n => $"{n.DurableRecord}");
                break;
            case "abstaining":
                Compare(words, n => $"{n.Core!.Abstaining}");
                break;
            case "recalling":
                Compare(words, n => n.Core!.IsRecalling ? "yes" : "no");
                break;
            case "up":
                Compare(words, n => n.IsUp ? "yes" : "no");
                break;
            case "timer":
                Compare(words, n => $"{Once(_timers, n, "timer")[^1].DelayMs}");
                break;
            case "decided":
                ExpectDecided(words);
                break;
            case "sent":
                ExpectSent(words, wanted: true);
                break;
            case "nothing":
                if (words.Take("asked"))
                {
                    ExpectAsked(words, wanted: false);
                    break;
                }
                words.Expect("sent");
                ExpectSent(words, wanted: false);
                break;
            case "asked":
                ExpectAsked(words, wanted: true);
                break;
            case "passed-over":
                ExpectPassedOver(words);
                break;
            case "evidence":
                ExpectEvidence(words);
                break;
            case "alarm":
                ExpectAlarm(words);
                break;
            case "refused":
                ExpectRefusal(words);
                break;
            default:
                throw new TranscriptException($"nobody knows what '{what}' is");
        }
    }

    /// <summary>NODES = VALUE.</summary>
    private void Compare(WordReader words, Func<SimulatedNode, string> found)
    {
        List<SimulatedNode> nodes = NodesIn(words);
        words.Expect("=");
        string expected = words.Next();
        foreach (SimulatedNode node in nodes)
        {
            if (found(node) != expected)
                throw new TranscriptException($"node {NameOf(node)} has {found(node)}: {string.Join("; ", Nodes)}");
        }
    }

    /// <summary>BLOCK at NODES.</summary>
    private void ExpectDecided(WordReader words)
    {
        ProposedBlock block = Block(words.Next());
        words.Expect("at");
        foreach (SimulatedNode node in NodesIn(words))
        {
            if (node.Ledger.Height < block.Header.Height
                || node.Ledger.Blocks[(int)block.Header.Height].Block.Hash != block.Hash)
                throw new TranscriptException($"node {NameOf(node)} has not decided it: {string.Join("; ", Nodes)}");
        }
    }

    /// <summary>KIND by NODES [for BLOCK] [view V] [height H].</summary>
    private void ExpectSent(WordReader words, bool wanted)
    {
        string kind = words.Next();
        words.Expect("by");
        List<SimulatedNode> nodes = NodesIn(words);
        ProposedBlock? block = words.Take("for") ? Block(words.Next()) : null;
        uint? view = words.Take("view") ? (uint)words.Number() : null;
        ulong? height = words.Take("height") ? (ulong)words.Number() : null;
        foreach (SimulatedNode node in nodes)
        {
            bool found = _sent.Exists(s => s.From == node
                && (kind == "vote" ? s.Message is VoteMessage or ViewChangeMessage or ProposeMessage
                    : MessageChart.TypeOf(s.Message) == kind)
                && (block is null || HashIn(s.Message) == block.Hash)
                && (view is null || ViewOf(Frame(s.Message)) == view)
                && (height is null || s.Message.Height == height));
            if (found != wanted)
                throw new TranscriptException($"node {NameOf(node)} has {(found ? "" : "not ")}sent it");
        }
    }

    /// <summary>of VALIDATOR by NODES: for blocks.</summary>
    private void ExpectAsked(WordReader words, bool wanted)
    {
        words.Expect("of");
        int validator = Node(words.Next()).Index;
        words.Expect("by");
        foreach (SimulatedNode node in NodesIn(words))
        {
            if (_asked.ContainsKey((node, validator)) != wanted)
                throw new TranscriptException($"node {NameOf(node)} has {(wanted ? "not " : "")}asked it for blocks");
        }
    }

    /// <summary>VALIDATOR at NODES.</summary>
    private void ExpectPassedOver(WordReader words)
    {
        int validator = Node(words.Next()).Index;
        words.Expect("at");
        foreach (SimulatedNode node in NodesIn(words))
        {
            if (!_passedOver.Contains((node, validator)))
                throw new TranscriptException($"node {NameOf(node)} has nothing against it");
        }
    }

    private static Core.Cryptography.Digest? HashIn(ConsensusMessage message) => message switch
    {
        ProposeMessage m => m.Block.Hash,
        VoteMessage m => m.BlockHash,
        ViewChangeMessage m => m.Payload.PreparedHash,
        DecidedMessage m => m.Header.Hash,
        _ => null,
    };

    /// <summary>against VALIDATOR at NODES.</summary>
    private void ExpectEvidence(WordReader words)
    {
        words.Expect("against");
        Core.Cryptography.PublicKey accused = Keys.Set[Node(words.Next()).Index].Key;
        words.Expect("at");
        foreach (SimulatedNode node in NodesIn(words))
        {
            if (!node.Core!.Evidence.Any(e => e.Signer == accused))
                throw new TranscriptException($"node {NameOf(node)} holds none");
        }
    }

    /// <summary>CODE at NODES.</summary>
    private void ExpectAlarm(WordReader words)
    {
        string code = words.Next();
        words.Expect("at");
        foreach (SimulatedNode node in NodesIn(words))
        {
            if (!_alarms.Exists(a => a.Node == node && a.Code.ToString() == code))
                throw new TranscriptException($"node {NameOf(node)} has raised {string.Join(", ", _alarms
                    .Where(a => a.Node == node).Select(a => a.Code).DefaultIfEmpty())}");
        }
    }

    /// <summary>REASON at NODES.</summary>
    private void ExpectRefusal(WordReader words)
    {
        string reason = words.Next();
        words.Expect("at");
        foreach (SimulatedNode node in NodesIn(words))
        {
            if (!_refused.Exists(r => r.Node == node && r.Failure.ToString() == reason))
                throw new TranscriptException($"node {NameOf(node)} has refused for {string.Join(", ", _refused
                    .Where(r => r.Node == node).Select(r => r.Failure).DefaultIfEmpty())}");
        }
    }
}
