using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Node.Sync;
using GovChain.Protos.V1;
using GovChain.Tests.Simulation;

namespace GovChain.Tests.Fuzzing;

/// <summary>
/// A node with the founders alone that puts a snapshot together out of the answers of three departments. One of them is hostile: its
/// answers are, one after the other, what an input says, and honest where that is empty or at its end. Whatever they are, the
/// ledger that everybody has must come of it, nobody else be blamed, and no more be asked than there is to know. Signatures are
/// verified here.
/// </summary>
/// <remarks>Inputs are lists of frames. Gossip is a list of envelopes, and lends them its form.</remarks>
internal sealed class FuzzedSnapshot
{
    /// <summary>Three to four times what honest answers cost, all of which may have to be asked of another.</summary>
    public const long AllocatedAnyway = 2 * 1024 * 1024;

    private const int Hostile = 0;
    private const int Sources = 3;

    /// <summary>Who is caught is asked for nothing more: a second attempt is with honest ones.</summary>
    private const int AttemptsMax = 2;

    private static readonly Lazy<FuzzedLedger> Ledger = new(static () => new FuzzedLedger());

    private readonly IReadOnlyList<ByteString> _answers;
    private readonly SnapshotSources _sources;
    private int _given;
    private int _asked;
    private bool _caught;

    private FuzzedSnapshot(IReadOnlyList<ByteString> answers)
    {
        _answers = answers;
        _sources = new SnapshotSources(static () => [.. Enumerable.Range(0, Sources)], static () => 0, Blame);
    }

    /// <summary>What the hostile one answered, as frames; null for no answer.</summary>
    private List<PeerFrame?> Said { get; } = [];

    /// <summary>No part is asked for more often than once of each department, and once more where values were left out.</summary>
    private static int QuestionsMax =>
        Sources * (8 + Ledger.Value.View.State.Pages.Count + 2 * Ledger.Value.View.State.Count + Ledger.Value.Blocks.Count);

    /// <summary>True where nothing of the input could be proven a lie.</summary>
    public static bool Run(byte[] input)
    {
        TransactionGossip answers;
        try
        {
            answers = TransactionGossip.Parser.ParseFrom(input);
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
        var run = new FuzzedSnapshot(answers.Envelopes);
        run.Join();
        return !run._caught;
    }

    /// <summary>Every answer of an honest department, each after honest ones, and all of them.</summary>
    public static IEnumerable<byte[]> Seeds()
    {
        var honest = new FuzzedSnapshot([]);
        honest.Join();
        ByteString[] all = [.. honest.Said.Select(static f => f!.ToByteString())];
        yield return new TransactionGossip { Envelopes = { all } }.ToByteArray();
        for (int i = 0; i < all.Length; i++)
            yield return new TransactionGossip { Envelopes = { Enumerable.Repeat(ByteString.Empty, i).Append(all[i]) } }.ToByteArray();
    }

    private void Blame(int source, string complaint)
    {
        if (source != Hostile)
            throw new PropertyBrokenException($"An honest department {complaint}.");
        _caught = true;
    }

    private void Join()
    {
        for (int attempt = 1; ; attempt++)
        {
            Ask(_sources.Find(0));
            if (_sources.Found != Ledger.Value.Height)
                throw new PropertyBrokenException($"Two of three hold the snapshot at {Ledger.Value.Height}; {_sources.Found} is looked for.");
            var assembly = new SimulatedAssembly();
            var assembler = new SnapshotAssembler(
                Ledger.Value.Genesis, new ValidatorHistory(Ledger.Value.Genesis.Validators, null), Ledger.Value.Keys, _sources, assembly,
                Ledger.Value.Height)
            {
                AnswerBytesMax = FuzzedLedger.AnswerBytesMax,
            };
            Ask(assembler.Questions());
            if (assembler.Failure is null)
            {
                Compare(assembly);
                return;
            }
            if (attempt == AttemptsMax)
                throw new PropertyBrokenException($"Two of three are honest, and no ledger comes of it: {assembler.Failure}.");
        }
    }

    private void Ask(IEnumerable<LedgerQuestion> questions)
    {
        foreach (LedgerQuestion question in questions)
        {
            if (++_asked > QuestionsMax)
                throw new PropertyBrokenException($"More than {QuestionsMax} questions are asked for one snapshot.");
            switch (question)
            {
                case OffersQuestion q:
                    for (int i = 0; i < q.Sources.Count; i++)
                        q.Answers[i] = Answer(q.Sources[i], new PeerFrame { SnapshotResponse = Ledger.Value.Answer(new SnapshotRequest()) })?.SnapshotResponse;
                    break;
                case PartQuestion q:
                    q.Answer = Answer(q.Source, new PeerFrame { SnapshotResponse = Ledger.Value.Answer(q.Request) })?.SnapshotResponse;
                    break;
                case BlocksQuestion q:
                    q.Answer = Answer(q.Source, new PeerFrame { BlockResponse = Blocks(q.FirstHeight) })?.BlockResponse is { } blocks
                        ? LedgerPeers.Read(blocks) : null;
                    break;
            }
        }
    }

    /// <summary>What comes of an honest answer on its way; null for nothing.</summary>
    private PeerFrame? Answer(int source, PeerFrame honest)
    {
        if (source != Hostile)
            return honest;
        PeerFrame? said = _given < _answers.Count && !_answers[_given].IsEmpty ? WireFrame.TryRead(_answers[_given].Memory) : honest;
        _given++;
        Said.Add(said);
        return said;
    }

    private static BlockRangeResponse Blocks(ulong first)
    {
        var answer = new BlockRangeResponse { FirstHeight = first, TipHeight = Ledger.Value.Height };
        foreach (StoredBlock block in Ledger.Value.Range(first))
        {
            answer.Blocks.Add(new SyncedBlock
            {
                Header = UnsafeByteOperations.UnsafeWrap(block.Header.ToBytes()),
                Certificate = UnsafeByteOperations.UnsafeWrap(block.Certificate!.ToBytes()),
                Envelopes = { block.Transactions.Select(static t => UnsafeByteOperations.UnsafeWrap(t.Transaction.Envelope)) },
            });
        }
        return answer;
    }

    /// <summary>All that was put together is the ledger's.</summary>
    private static void Compare(SimulatedAssembly assembly)
    {
        FuzzedLedger ledger = Ledger.Value;
        SimulatedState state = assembly.ToState();
        if (state.Tip.Hash != ledger.View.Tip.Hash || state.Frontier.Root != ledger.View.Frontier.Root)
            throw new PropertyBrokenException($"Another ledger, of block {state.Tip.Height} ({state.Tip.Hash}).");
        if (!state.Values.SequenceEqual(ledger.View.State.Values, SameChange.Instance))
            throw new PropertyBrokenException($"{state.Count} values that are not the state's {ledger.View.State.Count}.");
        if (state.Pages.Any(p => !p.Value.AsSpan().SequenceEqual(ledger.View.State.Pages.GetValueOrDefault(p.Key)))
            || !StateTree.Holds(state, state.Tip.StateRoot, StateRoots.LeavesOf([.. state.Values])))
            throw new PropertyBrokenException("Pages that are not the state tree's.");
        ulong first = assembly.Base!.Height + 1;
        if (!assembly.Blocks.Select(static b => b.Header.Hash).SequenceEqual(ledger.Blocks.Skip((int)first).Select(static b => b.Header.Hash)))
            throw new PropertyBrokenException($"{assembly.Blocks.Count} blocks from {first} on that are not the ledger's.");
        if (!assembly.Blocks.SelectMany(static b => b.Transactions).Select(static t => t.LeafHash)
            .SequenceEqual(ledger.Blocks.Skip((int)first).SelectMany(static b => b.Transactions).Select(static t => t.Transaction.LeafHash)))
            throw new PropertyBrokenException("Transactions that are not the ledger's.");
    }

    private sealed class SameChange : IEqualityComparer<StateChange>
    {
        public static readonly SameChange Instance = new();

        public bool Equals(StateChange x, StateChange y) => x.Key.Equals(y.Key) && x.Value.AsSpan().SequenceEqual(y.Value);

        public int GetHashCode(StateChange change) => change.Key.GetHashCode();
    }
}
