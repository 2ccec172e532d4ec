using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Tests.Simulation;
using Transaction = GovChain.Core.Model.Transaction;

namespace GovChain.Tests.Fuzzing;

/// <summary>
/// A ledger of a few blocks, executed by the rules and certified by whoever acts, and what an honest department gives of it: its
/// validators change three times, and a snapshot at its tip begins above some of its blocks. The same bytes every time.
/// </summary>
internal sealed class FuzzedLedger
{
    private const int Founders = 4;
    private const ulong BeginMs = 1_767_225_600_000;
    private const ulong SpacingMs = 20 * 60_000;
    private const int RangeBlocks = 2;

    /// <summary>An answer ends with the row or page that makes it longer than this: parts are to be several.</summary>
    public const int AnswerBytesMax = 900;

    private readonly SimulatedChain _chain;
    private readonly SimulatedLedger _ledger;
    private readonly List<(ExecutedBlock Block, Certificate Certificate)> _executed = [];

    public FuzzedLedger()
    {
        Keys = new SimulatedKeys(Founders + 1, 7);
        Scenario scenario = Scenario.WithoutFaults(Founders + 1) with { Changes = true };
        _chain = new SimulatedChain(Keys, BeginMs, scenario);
        _ledger = new SimulatedLedger(_chain.Genesis);
        (MembershipKind Kind, int Department)?[] changes =
        [
            null, (MembershipKind.Admit, Founders), null, (MembershipKind.ReplaceKey, 2), null, null, (MembershipKind.Remove, Founders), null,
        ];
        foreach ((MembershipKind Kind, int Department)? change in changes)
        {
            ulong utcMs = BeginMs + SpacingMs * (_ledger.Height + 1);
            Transaction define = _chain.Define(_ledger.Blocks.Count % Founders, utcMs, $"type-{_ledger.Height}", 0);
            Append(utcMs, change is { } c
                ? [define, new MembershipMaker(_chain, Keys, Founders, _ledger.History).Make(c.Kind, c.Department, utcMs)]
                : [define]);
        }
        View = _ledger.OpenView();
    }

    public SimulatedKeys Keys { get; }

    public Genesis Genesis => _chain.Genesis;

    /// <summary>The ledger after its last block.</summary>
    public SimulatedView View { get; }

    /// <summary>All blocks but genesis, with what they do to the ledger.</summary>
    public IReadOnlyList<(ExecutedBlock Block, Certificate Certificate)> Executed => _executed;

    public ulong Height => _ledger.Height;

    /// <summary>By height, genesis first.</summary>
    public IReadOnlyList<StoredBlock> Blocks => _ledger.Blocks;

    /// <summary>The answer of somebody who holds it, to a request for a part or for what is held.</summary>
    public SnapshotResponse Answer(SnapshotRequest request)
    {
        SnapshotResponse answer = request.PartCase == SnapshotRequest.PartOneofCase.None
            ? new SnapshotResponse { Held = SnapshotRules.WriteHeld([Height]) }
            : SnapshotAnswers.Answer(View, request, AnswerBytesMax);
        answer.Height = request.Height;
        return answer;
    }

    /// <summary>The blocks from a height on that one answer has.</summary>
    public IEnumerable<StoredBlock> Range(ulong first) => Blocks.Skip((int)first).Take(RangeBlocks);

    private void Append(ulong utcMs, IReadOnlyList<Transaction> transactions)
    {
        BuiltBlock built = _ledger.Build(VerifiedTransaction.VerifyAll(transactions, Keys)!, proposer: 0, utcMs);
        if (built.Block is not { } block || built.LeftOut.Count > 0)
            throw new InvalidOperationException($"A transaction is refused: {built.LeftOut[0].Rejection.Message}");
        ValidatorSet set = _ledger.History.Acting;
        BlockHeader header = block.Header;
        Digest digest = new Vote(VoteType.Commit, header.ChainId, header.Epoch, header.Height, 0, header.Hash).SigningDigest();
        var certificate = new Certificate(VoteType.Commit, header.Epoch, header.Height, 0, header.Hash,
        [
            .. set.Members.Take(set.QuorumSize).Select((v, i) => new ValidatorSignature(
                (ushort)i, Keys.SignWith(v.Key, Keys.OwnerOf(v.Key), digest))),
        ]);
        _ledger.Store(block, certificate);
        _executed.Add((block, certificate));
    }
}
