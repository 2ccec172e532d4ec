using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>A block of the height in progress, as far as this node knows it.</summary>
internal sealed class Candidate(ProposedBlock block)
{
    /// <summary>Header and leaf hashes.</summary>
    public ProposedBlock Block { get; } = block;

    /// <summary>A check is under way.</summary>
    public bool Checking { get; set; }

    /// <summary>The whole body is held and executes to the header's roots.</summary>
    public bool Passed { get; set; }
}

/// <summary>What arrived for a height: kept for the height in progress, and in advance for the next one.</summary>
internal sealed class Inbox(ConsensusConfig config)
{
    /// <summary>Prepares and Commits.</summary>
    public VoteCollection Votes { get; } = new(config.Validators.Count);

    /// <summary>View changes.</summary>
    public ViewSynchroniser ViewChanges { get; } = new(config.Validators.Count);

    /// <summary>All that validators were seen to sign.</summary>
    public VoteWitness Witness { get; } = new(config);

    /// <summary>Of each validator the proposal of its highest view, with the time of its arrival; only until the
    /// height begins.</summary>
    public (ProposeMessage? Message, ulong UtcMs)[] Proposals { get; } =
        new (ProposeMessage?, ulong)[config.Validators.Count];
}

/// <summary>Everything about the height in progress; thrown away when its block is stored.</summary>
internal sealed class Round(ulong height, Inbox inbox, int validators)
{
    /// <summary>Blocks remembered: the prepared one, the view's own, and some that a late certificate may name.</summary>
    private const int BlocksMax = 6;

    private readonly List<Candidate> _blocks = [];
    private uint _asks;

    /// <summary>The height.</summary>
    public ulong Height { get; } = height;

    /// <summary>The view this node is in: promised, if above 0.</summary>
    public uint View { get; private set; }

    /// <summary>Prepares and Commits of all views.</summary>
    public VoteCollection Votes { get; } = inbox.Votes;

    /// <summary>View changes.</summary>
    public ViewSynchroniser ViewChanges { get; } = inbox.ViewChanges;

    /// <summary>Views that a quorum has left.</summary>
    public LeftViews Left { get; } = new(Quorum.Faulty(validators));

    /// <summary>All that validators were seen to sign.</summary>
    public VoteWitness Witness { get; } = inbox.Witness;

    /// <summary>What this node has signed.</summary>
    public SignGuard Guard { get; } = new();

    /// <summary>The prepared certificate of the highest view; survives view changes.</summary>
    public Certificate? Prepared { get; set; }

    /// <summary>The commit certificate, once known.</summary>
    public Certificate? Decision { get; set; }

    /// <summary>The driver was told to store the block.</summary>
    public bool Storing { get; set; }

    /// <summary>The view's proposal.</summary>
    public ProposeMessage? Proposal { get; set; }

    /// <summary>This node's signed proposal of this view.</summary>
    public ProposeMessage? OwnProposal { get; set; }

    /// <summary>This node's Prepare of this view.</summary>
    public VoteMessage? OwnPrepare { get; set; }

    /// <summary>This node's Commit of this view.</summary>
    public VoteMessage? OwnCommit { get; set; }

    /// <summary>This node's view change for this view.</summary>
    public ViewChangeMessage? OwnViewChange { get; set; }

    /// <summary>A block for this view is being built.</summary>
    public bool Building { get; set; }

    /// <summary>The block of this view's own proposal, once its signatures have been asked for.</summary>
    public Digest? Proposed { get; set; }

    /// <inheritdoc cref="Proposed"/>
    public bool Proposing => Proposed is not null;

    /// <summary>The signature of this view's Prepare has been asked for.</summary>
    public bool Preparing { get; set; }

    /// <summary>The signature of this view's Commit has been asked for.</summary>
    public bool Committing { get; set; }

    /// <summary>A block whose leaf hashes are being asked for.</summary>
    public Digest? Wanted { get; set; }

    /// <summary>Who was asked for which block's leaf hashes and has not answered: an answer counts once, and of nobody else.
    /// </summary>
    public HashSet<(Digest Block, int Validator)> Asked { get; } = [];

    /// <summary>The round was already in progress at the last status tick.</summary>
    public bool Slow { get; set; }

    /// <summary>Goes to a higher view and forgets what belonged to the one before; nothing when already there.</summary>
    public void EnterView(uint view)
    {
        if (view <= View)
            return;
        View = view;
        Proposal = OwnProposal = null;
        OwnPrepare = OwnCommit = null;
        OwnViewChange = null;
        Proposed = null;
        Building = Preparing = Committing = false;
    }

    /// <summary>One of those who hold a block, another each time; null where there is none.</summary>
    public int? NextOf(int[] holders) => holders.Length == 0 ? null : holders[(int)(_asks++ % (uint)holders.Length)];

    /// <summary>The block with this hash, or null.</summary>
    public Candidate? Find(Digest hash) => _blocks.Find(c => c.Block.Hash == hash);

    /// <summary>
    /// Remembers a block. Other leaf hashes under a known header replace what is neither checked nor being checked. When
    /// there are too many, the oldest that nothing refers to goes: <paramref name="forgotten"/>.
    /// </summary>
    public Candidate AddBlock(ProposedBlock block, out Candidate? forgotten)
    {
        forgotten = null;
        Candidate? known = Find(block.Hash);
        if (known is { Passed: true } or { Checking: true })
            return known;
        if (known is not null)
            _blocks.Remove(known);
        var added = new Candidate(block);
        _blocks.Add(added);
        if (_blocks.Count > BlocksMax)
        {
            forgotten = _blocks.Find(c => !IsReferred(c.Block.Hash) && c != added)!;
            _blocks.Remove(forgotten);
        }
        return added;
    }

    /// <summary>Forgets a block that failed its check.</summary>
    public void RemoveBlock(Candidate candidate) => _blocks.Remove(candidate);

    private bool IsReferred(Digest hash) =>
        hash == Proposal?.Block.Hash || hash == Proposed || hash == Prepared?.BlockHash || hash == Decision?.BlockHash
        || hash == Wanted;
}
