using System.Numerics;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// What the hostile validator can bring honest ones to hear. It holds its own key and whatever was sent; it votes for every block in
/// every view, asks for any view with any block that it can prove, and tries proposals with every justification it can put together,
/// of which the product's verification passes those it passes.
/// </summary>
internal sealed class ModelAdversary(ModelWorld world)
{
    private static readonly IReadOnlyList<(int Block, VerifiedMessage Message)> None = [];

    private readonly Dictionary<(int View, int Asked1, int Asked2, int Asked3, ulong Provable), IReadOnlyList<(int Block, VerifiedMessage Message)>>
        _proposals = [];

    private readonly Dictionary<Said, ViewChangeMessage> _viewChanges = [];

    /// <summary>Proposals that were tried.</summary>
    public long Tried { get; private set; }

    /// <summary>Those that verification passed.</summary>
    public long Passed { get; private set; }

    /// <summary>The blocks that a quorum has prepared in a view, or could have with the hostile vote: (view, block) as bits.</summary>
    public ulong Provable(in ModelPosition at)
    {
        ulong provable = 0;
        for (int view = 0; view < world.Views; view++)
        {
            for (int i = 1; i <= ModelPosition.Honest; i++)
            {
                int block = at[i].Prepared[view];
                if (block >= 0 && BitOperations.PopCount((uint)at.SignersOf(VoteType.Prepare, view, block)) + 1 >= world.QuorumSize)
                    provable |= 1UL << (view * ModelWorld.Blocks + block);
            }
        }
        return provable;
    }

    /// <summary>Every view change for a view that it can sign and prove.</summary>
    public static IEnumerable<Said> ViewChanges(int view, ulong provable)
    {
        yield return new Said(VoteType.ViewChange, ModelWorld.Hostile, view, -1);
        for (int bit = 0; bit < view * ModelWorld.Blocks; bit++)
        {
            if ((provable & (1UL << bit)) != 0)
                yield return new Said(VoteType.ViewChange, ModelWorld.Hostile, view, bit % ModelWorld.Blocks, bit / ModelWorld.Blocks);
        }
    }

    /// <summary>One of these as a message.</summary>
    public ViewChangeMessage Message(Said said, in ModelPosition at)
    {
        if (!_viewChanges.TryGetValue(said, out ViewChangeMessage? message))
        {
            var payload = new ViewChangePayload(
                (ushort)said.Signer, said.PreparedView, world.HashOf(said.Block), world.Sign(said.Signer, world.VoteOf(said)));
            Certificate? prepared = said.Block < 0 ? null : PreparedIn(at, said.PreparedView, said.Block);
            message = new ViewChangeMessage(0, 1, (uint)said.View, payload, prepared);
            _viewChanges.Add(said, message);
        }
        return message;
    }

    /// <summary>The prepares of a block in a view, the hostile one first: the product's Q of them.</summary>
    public Certificate PreparedIn(in ModelPosition at, int view, int block)
    {
        var signers = new List<ValidatorSignature>();
        int honest = at.SignersOf(VoteType.Prepare, view, block);
        for (int i = 0; i < ModelWorld.Validators && signers.Count < world.QuorumSize; i++)
        {
            var said = new Said(VoteType.Prepare, i, view, block);
            if (i == ModelWorld.Hostile || (honest & (1 << i)) != 0)
                signers.Add(new ValidatorSignature((ushort)i, world.Sign(i, world.VoteOf(said))));
        }
        return new Certificate(VoteType.Prepare, 0, 1, (uint)view, world.HashOf(block), signers);
    }

    /// <summary>As leader of a view, every block that it can propose there, each with one proposal that passes.</summary>
    public IReadOnlyList<(int Block, VerifiedMessage Message)> Proposals(int view, in ModelPosition at, ulong provable)
    {
        if (world.Leaders[view] != ModelWorld.Hostile)
            return None;
        ulong below = provable & ((1UL << (view * ModelWorld.Blocks)) - 1);
        (int, int, int, int, ulong) key = (view, Bits(at.One), Bits(at.Two), Bits(at.Three), below);
        if (!_proposals.TryGetValue(key, out IReadOnlyList<(int Block, VerifiedMessage Message)>? known))
            _proposals.Add(key, known = Try(view, at, below));
        return known;

        int Bits(ModelState state) => view == 0 ? 0 : state.Asked[view]?.Bits ?? 0;
    }

    private List<(int Block, VerifiedMessage Message)> Try(int view, in ModelPosition at, ulong provable)
    {
        var passed = new List<(int Block, VerifiedMessage Message)>();
        List<Justification?> justifications = view == 0 ? [null] : Justifications(view, at, provable);
        for (int block = 0; block < ModelWorld.Blocks; block++)
        {
            Signature signature = world.Sign(
                ModelWorld.Hostile, world.VoteOf(new Said(VoteType.Propose, ModelWorld.Hostile, view, block)));
            foreach (Justification? justification in justifications)
            {
                Tried++;
                var message = new ProposeMessage(
                    (uint)view, ModelWorld.Hostile, signature, world.Block(block), justification);
                if (world.Verify(ModelWorld.Hostile, message) is not { } verified)
                    continue;
                Passed++;
                // Verification does not look at a fresh block's proposer; its receiver does.
                if (justification?.Prepared is not null || world.Block(block).Header.Proposer == ModelWorld.Hostile)
                {
                    passed.Add((block, verified));
                    break;
                }
            }
        }
        return passed;
    }

    /// <summary>Every choice of Q view changes with every certificate or none; and some that nobody may put together: the hostile
    /// one's as often as it takes, one whose signature is another's, none at all.</summary>
    private List<Justification?> Justifications(int view, in ModelPosition at, ulong provable)
    {
        var own = ViewChanges(view, provable).ToList();
        var payloads = new List<ViewChangePayload[]>();
        foreach (Said hostile in own)
        {
            ViewChangePayload mine = Message(hostile, at).Payload;
            for (int chosen = 0; chosen < 1 << ModelWorld.Validators; chosen++)
            {
                if (BitOperations.PopCount((uint)chosen) == world.QuorumSize && Choose(chosen, view, at, mine) is { } choice)
                    payloads.Add(choice);
            }
            payloads.Add([.. Enumerable.Repeat(mine, world.QuorumSize)]);
            payloads.Add([.. Enumerable.Range(0, world.QuorumSize).Select(i => mine with { Signer = (ushort)i })]);
        }
        var certificates = new List<Certificate?> { null };
        for (int bit = 0; bit < view * ModelWorld.Blocks; bit++)
        {
            if ((provable & (1UL << bit)) != 0)
                certificates.Add(PreparedIn(at, bit / ModelWorld.Blocks, bit % ModelWorld.Blocks));
        }
        return [null, .. payloads.SelectMany(p => certificates.Select(c => new Justification(p, c)))];
    }

    private static ViewChangePayload[]? Choose(int chosen, int view, in ModelPosition at, ViewChangePayload mine)
    {
        var choice = new List<ViewChangePayload>();
        for (int i = 0; i < ModelWorld.Validators; i++)
        {
            if ((chosen & (1 << i)) == 0)
                continue;
            if (i == ModelWorld.Hostile)
                choice.Add(mine);
            else if (at[i].Asked[view] is { } said)
                choice.Add(((ViewChangeMessage)at[i].Messages[said]).Payload);
            else
                return null;
        }
        return [.. choice];
    }
}
