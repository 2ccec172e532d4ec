namespace GovChain.Core.Cryptography.Engine;

/// <summary>
/// Integers modulo p, one in each lane, in nine limbs of 29 bits: value = sum of N[i] * 2^(29 i).
/// </summary>
/// <remarks>
/// <para>
/// Bounds. Limbs are signed 64-bit numbers. Magnitude m means that every limb lies within -m u and m u, u being 2^29.
/// What a product gives lies within 0 and u: <see cref="LaneField{TVector, TLanes}"/> calls that reduced. Sums and
/// differences are taken limb by limb, without carries, and their magnitudes add.
/// </para>
/// </remarks>
internal struct LaneElement<TVector>
    where TVector : unmanaged
{
    public TVector N0, N1, N2, N3, N4, N5, N6, N7, N8;
}
