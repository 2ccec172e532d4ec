using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// What one validator signs at the model's one height, in twelve bits: type, signer, view, block, and the prepared view of a view
/// change. Blocks are numbers of <see cref="ModelWorld"/>; a view change that claims nothing has block and prepared view -1.
/// </summary>
internal readonly record struct Said(int Bits)
{
    public const int Width = 12;

    public Said(VoteType type, int signer, int view, int block, int preparedView = -1)
        : this((((((((int)type << 2) | signer) << 2) | view) << 3 | (block + 1)) << 2) | (preparedView + 1))
    {
    }

    public VoteType Type => (VoteType)(Bits >> 9);

    public int Signer => (Bits >> 7) & 3;

    public int View => (Bits >> 5) & 3;

    public int Block => ((Bits >> 2) & 7) - 1;

    public int PreparedView => (Bits & 3) - 1;

    public override string ToString() => Type == VoteType.ViewChange
        ? $"ViewChange({View}{(Block < 0 ? "" : $", prepared {ModelWorld.NameOf(Block)} in {PreparedView}")}) of {Signer}"
        : $"{Type}({View}, {ModelWorld.NameOf(Block)}) of {Signer}";
}

/// <summary>What happens to one honest validator in one step of the model.</summary>
internal enum MoveKind
{
    /// <summary>The block that it was building is built.</summary>
    Built = 1,

    /// <summary>Its Commit, which it has asked to have signed, is signed.</summary>
    Signed,

    /// <summary>A proposal arrives.</summary>
    Proposal,

    /// <summary>All Prepares for its view's block arrive that were sent; A has the signers as bits.</summary>
    Prepares,

    /// <summary>The view changes of two others arrive, A before B.</summary>
    ViewChanges,

    /// <summary>Above view 0 the view changes of two others arrive, A before B; then its timer runs out.</summary>
    Timer,

    /// <summary>It dies and starts again from its journal.</summary>
    Restart,
}

/// <summary>A step as a number, so that what it leads to can be looked up.</summary>
internal readonly record struct Move(int Bits)
{
    public Move(MoveKind kind, Said a = default, Said b = default)
        : this(((int)kind << (2 * Said.Width)) | (a.Bits << Said.Width) | b.Bits)
    {
    }

    public MoveKind Kind => (MoveKind)(Bits >> (2 * Said.Width));

    public Said A => new((Bits >> Said.Width) & ((1 << Said.Width) - 1));

    public Said B => new(Bits & ((1 << Said.Width) - 1));

    public override string ToString() => Kind switch
    {
        MoveKind.Proposal => $"hears {A}",
        MoveKind.Prepares => $"hears the Prepares of {BitsOf(A.Bits)}",
        MoveKind.ViewChanges => $"hears {A}, {B}",
        MoveKind.Timer when A.Bits != 0 => $"hears {A}, {B}; its timer runs out",
        MoveKind.Timer => "its timer runs out",
        MoveKind.Built => "has built its block",
        MoveKind.Restart => "dies and starts again",
        _ => "has its Commit signed",
    };

    private static string BitsOf(int bits) => string.Join(", ", Enumerable.Range(0, 4).Where(i => (bits & (1 << i)) != 0));
}
