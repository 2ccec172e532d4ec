using System.Diagnostics;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>
/// The inverses of many numbers modulo p for three products each and one inversion: Montgomery's trick. Numbers are included in
/// rising order, then all is inverted, then their inverses are taken in falling order.
/// </summary>
/// <remarks>
/// As many chains of products as a comb has columns take turns, so that a product does not wait for the one before. A number that
/// is a multiple of p would make the inverses of all others zero: <see cref="Include"/> takes 1 instead and says so.
/// </remarks>
internal readonly ref struct SharedInverses<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    /// <summary>Chains of products.</summary>
    public const int Chains = CombTable.Spacing;

    private readonly Span<LaneElement<TVector>> _before, _products;

    /// <summary>Starts with no number.</summary>
    /// <param name="before">A place for each number: the product of those before it in its chain.</param>
    /// <param name="products">A place for each chain.</param>
    public SharedInverses(Span<LaneElement<TVector>> before, Span<LaneElement<TVector>> products)
    {
        _before = before;
        _products = products;
    }

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        LaneField<TVector, TLanes>.Broadcast(out LaneElement<TVector> one, new Words256(1, 0, 0, 0));
        _products.Fill(one);
    }

    /// <summary>Includes a number, or 1 in its place where it may be a multiple of p.</summary>
    /// <param name="i">Its place.</param>
    /// <param name="number">Magnitude 1; what is included instead.</param>
    /// <returns>All ones in the lanes where it was replaced.</returns>
    public TVector Include(int i, ref LaneElement<TVector> number)
    {
        TVector replaced = LaneField<TVector, TLanes>.MayBeZero(number);
        if (!TLanes.IsZero(replaced))
        {
            LaneField<TVector, TLanes>.Broadcast(out LaneElement<TVector> one, new Words256(1, 0, 0, 0));
            LaneField<TVector, TLanes>.Select(out number, replaced, one, number);
        }
        ref LaneElement<TVector> product = ref _products[i % Chains];
        _before[i] = product;
        LaneField<TVector, TLanes>.MultiplySigned(out product, product, number);
        return replaced;
    }

    /// <summary>Inverts: from now on inverses are taken.</summary>
    public void Invert()
    {
        // The same trick twice: over the chains, then over the lanes.
        Span<LaneElement<TVector>> before = stackalloc LaneElement<TVector>[Chains];
        before[0] = _products[0];
        for (int i = 1; i < Chains; i++)
            LaneField<TVector, TLanes>.Multiply(out before[i], before[i - 1], _products[i]);
        InvertLanes(ref before[^1]);
        LaneElement<TVector> inverse = before[^1];
        for (int i = Chains - 1; i > 0; i--)
        {
            LaneField<TVector, TLanes>.Multiply(out before[i], inverse, before[i - 1]);
            LaneField<TVector, TLanes>.Multiply(out inverse, inverse, _products[i]);
            _products[i] = before[i];
        }
        _products[0] = inverse;
    }

    /// <summary>Takes a number's inverse.</summary>
    /// <param name="i">Its place.</param>
    /// <param name="number">What was included.</param>
    /// <param name="inverse">Reduced.</param>
    public void Take(int i, in LaneElement<TVector> number, out LaneElement<TVector> inverse)
    {
        ref LaneElement<TVector> product = ref _products[i % Chains];
        LaneField<TVector, TLanes>.Multiply(out inverse, product, _before[i]);
        LaneField<TVector, TLanes>.MultiplySigned(out product, product, number);
    }

    private static void InvertLanes(ref LaneElement<TVector> number)
    {
        Span<FieldElement> own = stackalloc FieldElement[TLanes.Count], before = stackalloc FieldElement[TLanes.Count];
        FieldElement product = FieldElement.One;
        for (int lane = 0; lane < TLanes.Count; lane++)
        {
            own[lane] = LaneField<TVector, TLanes>.Extract(number, lane);
            before[lane] = product;
            product *= own[lane];
        }
        Debug.Assert(!product.IsZero(), "a multiple of p has no inverse");
        FieldElement inverse = product.Inverse();
        Span<Words256> inverses = stackalloc Words256[TLanes.Count];
        for (int lane = TLanes.Count - 1; lane >= 0; lane--)
        {
            inverses[lane] = (inverse * before[lane]).ToWords();
            inverse *= own[lane];
        }
        LaneField<TVector, TLanes>.FromWords(out number, inverses);
    }
}
