using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using GovChain.Core.Cryptography.Engine;
using NUnit.Framework;
using static GovChain.Tests.Unit.Cryptography.Engine.EngineNumbers;

namespace GovChain.Tests.Unit.Cryptography.Engine;

/// <summary>
/// Goal: arithmetic in lanes is arithmetic modulo p, every lane by itself, for all limbs within the stated bounds.
/// Method: big integers, on limbs drawn from the bounds themselves and from random values, for each vector width that
/// the processor has; small groups exhaustively. The seed is fixed and named in failures.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LaneArithmeticTest
{
    private const int Seed = 20261125;
    private const long Unit = 1L << 29;
    private static readonly BigInteger P = EcdsaTwin.P;

    [TestCase(EnginePath.Avx2)]
    [TestCase(EnginePath.Avx512)]
    public void Products_LimbsWithinTheBounds_AreArithmeticModuloP(EnginePath path) =>
        OnPath(path, Products<Vector256<ulong>, Lanes256>, Products<Vector512<ulong>, Lanes512>);

    [TestCase(EnginePath.Avx2)]
    [TestCase(EnginePath.Avx512)]
    public void MayBeZero_MultiplesOfPWithinTheBoundsAndOthers_KnowsEveryMultiple(EnginePath path) =>
        OnPath(path, MayBeZero<Vector256<ulong>, Lanes256>, MayBeZero<Vector512<ulong>, Lanes512>);

    [TestCase(EnginePath.Avx2)]
    [TestCase(EnginePath.Avx512)]
    public void SharedInverses_NumbersAndZerosAmongThem_AreInvertedAndSaid(EnginePath path) =>
        OnPath(path, Inverses<Vector256<ulong>, Lanes256>, Inverses<Vector512<ulong>, Lanes512>);

    [TestCase(EnginePath.Avx2)]
    [TestCase(EnginePath.Avx512)]
    public void FromWordsAndExtract_AnyNumber_KeepsIt(EnginePath path) =>
        OnPath(path, RoundTrip<Vector256<ulong>, Lanes256>, RoundTrip<Vector512<ulong>, Lanes512>);

    [TestCase(EnginePath.Avx2)]
    [TestCase(EnginePath.Avx512)]
    public void Points_AllPairsOfSmallGroups_AreRightOrSayThatTheyAreNot(EnginePath path) =>
        OnPath(path, SmallGroups<Vector256<ulong>, Lanes256>, SmallGroups<Vector512<ulong>, Lanes512>);

    [TestCase(EnginePath.Avx2)]
    [TestCase(EnginePath.Avx512)]
    public void OfCurve_EdgesAndRandomX_IsThePowerThatIsARootWhereThereIsOne(EnginePath path) =>
        OnPath(path, Roots<Vector256<ulong>, Lanes256>, Roots<Vector512<ulong>, Lanes512>);

    private static void OnPath(EnginePath path, Action avx2, Action avx512)
    {
        if (!EnginePaths.IsSupported(path))
            Assert.Ignore($"This processor has no {path}.");
        (path == EnginePath.Avx2 ? avx2 : avx512)();
    }

    private static void Products<TVector, TLanes>()
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        Random random = new(Seed);
        for (int round = 0; round < 400; round++)
        {
            // Factors of magnitudes 1, 1.7 and 3 with sign, 2 and 3 without.
            var a1 = Element<TVector, TLanes>(random, -Unit, Unit);
            var b3 = Element<TVector, TLanes>(random, -3 * Unit, 3 * Unit);
            var e17 = Element<TVector, TLanes>(random, -17 * Unit / 10, 17 * Unit / 10);
            var f2 = Element<TVector, TLanes>(random, -2 * Unit, 2 * Unit);
            var c1 = Element<TVector, TLanes>(random, -Unit, Unit);
            var d1 = Element<TVector, TLanes>(random, -Unit, Unit);
            var u2 = Element<TVector, TLanes>(random, 0, 2 * Unit);
            var v3 = Element<TVector, TLanes>(random, 0, 3 * Unit);
            var less8 = Element<TVector, TLanes>(random, -8 * Unit, 8 * Unit);
            var more = Element<TVector, TLanes>(random, 0, Unit);
            TVector mask = Mask<TVector, TLanes>(random, out bool[] where);

            LaneField<TVector, TLanes>.MultiplySigned(out LaneElement<TVector> signed, a1, b3);
            LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> unsigned, u2, v3);
            LaneField<TVector, TLanes>.MultiplyAndMultiply(out LaneElement<TVector> both, f2, c1, d1, a1);
            LaneField<TVector, TLanes>.MultiplyAndSquare(out LaneElement<TVector> withSquare, f2, c1, d1);
            LaneField<TVector, TLanes>.HalfOfThrice(out LaneElement<TVector> half, more);
            LaneField<TVector, TLanes>.Square(out LaneElement<TVector> square, e17);
            LaneField<TVector, TLanes>.SquareLess(out LaneElement<TVector> squareLess, e17, less8);
            LaneField<TVector, TLanes>.MultiplyLess(out LaneElement<TVector> productLess, a1, b3, less8);
            LaneField<TVector, TLanes>.MultiplyAdd(out LaneElement<TVector> productMore, u2, v3, more);
            LaneField<TVector, TLanes>.ShiftLeft(out LaneElement<TVector> shifted, u2, 3);
            LaneField<TVector, TLanes>.Add(out LaneElement<TVector> sum, a1, d1);
            LaneField<TVector, TLanes>.Subtract(out LaneElement<TVector> difference, a1, d1);
            LaneField<TVector, TLanes>.NegateWhere(out LaneElement<TVector> negated, mask, a1);
            LaneField<TVector, TLanes>.Select(out LaneElement<TVector> selected, mask, a1, d1);
            LaneElement<TVector> same = a1;
            LaneField<TVector, TLanes>.MultiplySigned(out same, same, same);
            for (int lane = 0; lane < TLanes.Count; lane++)
            {
                string facts = $"seed {Seed}, round {round}, lane {lane}";
                BigInteger a = Value<TVector>(a1, lane), c = Value<TVector>(c1, lane), d = Value<TVector>(d1, lane);
                BigInteger e = Value<TVector>(e17, lane), f = Value<TVector>(f2, lane);
                AssertReduced(signed, lane, a * Value<TVector>(b3, lane), facts);
                AssertReduced(unsigned, lane, Value<TVector>(u2, lane) * Value<TVector>(v3, lane), facts);
                AssertReduced(both, lane, f * c + d * a, facts);
                AssertReduced(withSquare, lane, f * c + d * d, facts);
                AssertReduced(square, lane, e * e, facts);
                AssertReduced(same, lane, a * a, facts);
                AssertReduced(squareLess, lane, e * e - Value<TVector>(less8, lane), facts);
                AssertReduced(productLess, lane, a * Value<TVector>(b3, lane) - Value<TVector>(less8, lane), facts);
                AssertReduced(
                    productMore, lane, Value<TVector>(u2, lane) * Value<TVector>(v3, lane) + Value<TVector>(more, lane), facts);
                Assert.That(Mod(2 * Value<TVector>(half, lane), P), Is.EqualTo(Mod(3 * Value<TVector>(more, lane), P)), facts);
                Assert.That(Limbs<TVector>(half, lane), Is.All.InRange(0L, 151 * Unit / 100), facts);
                Assert.That(Value<TVector>(shifted, lane), Is.EqualTo(8 * Value<TVector>(u2, lane)), facts);
                Assert.That(Value<TVector>(sum, lane), Is.EqualTo(a + d), facts);
                Assert.That(Value<TVector>(difference, lane), Is.EqualTo(a - d), facts);
                Assert.That(Value<TVector>(negated, lane), Is.EqualTo(where[lane] ? -a : a), facts);
                Assert.That(Value<TVector>(selected, lane), Is.EqualTo(where[lane] ? a : d), facts);
            }
        }
    }

    private static void MayBeZero<TVector, TLanes>()
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        // Multiples k p, k from -32 to 32, which a magnitude of 1 allows, beside numbers that are one off or random.
        Random random = new(Seed);
        for (int k = -32; k <= 32; k++)
        {
            LaneElement<TVector> element = Numbers<TVector, TLanes>(random);
            Write(ref element, 0, k * P);
            Write(ref element, 1, k * P + 1);
            Write(ref element, 2, k * P - 1);
            TVector mask = LaneField<TVector, TLanes>.MayBeZero(element);
            Assert.That(Limb(mask, 0), Is.EqualTo(ulong.MaxValue), $"{k} p");
            for (int lane = 1; lane < TLanes.Count; lane++)
                Assert.That(Limb(mask, lane), Is.Zero, $"{k} p, seed {Seed}, lane {lane}");
            Assert.That(TLanes.IsZero(mask), Is.False);
        }
        Assert.That(TLanes.IsZero(TLanes.Broadcast(0)), Is.True);
    }

    private static void Inverses<TVector, TLanes>()
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        // More numbers than chains, and no multiple of their number.
        const int count = 21;
        Random random = new(Seed);
        var numbers = new LaneElement<TVector>[count];
        var memory = new LaneElement<TVector>[count + SharedInverses<TVector, TLanes>.Chains];
        SharedInverses<TVector, TLanes> inverses = new(memory.AsSpan(0, count), memory.AsSpan(count));
        for (int round = 0; round < 3; round++)
        {
            inverses.Clear();
            var replaced = new TVector[count];
            var zero = new int[count];
            for (int i = 0; i < count; i++)
            {
                numbers[i] = Numbers<TVector, TLanes>(random);
                zero[i] = random.Next(2 * TLanes.Count);
                if (zero[i] < TLanes.Count)
                    Write(ref numbers[i], zero[i], random.Next(-32, 33) * P);
                replaced[i] = inverses.Include(i, ref numbers[i]);
            }
            inverses.Invert();
            for (int i = count - 1; i >= 0; i--)
            {
                inverses.Take(i, numbers[i], out LaneElement<TVector> inverse);
                for (int lane = 0; lane < TLanes.Count; lane++)
                {
                    string facts = $"seed {Seed}, round {round}, number {i}, lane {lane}";
                    Assert.That(Limb(replaced[i], lane), Is.EqualTo(lane == zero[i] ? ulong.MaxValue : 0), facts);
                    if (lane == zero[i])
                        Assert.That(Value<TVector>(numbers[i], lane), Is.EqualTo(BigInteger.One), facts);
                    AssertReduced(inverse, lane, EcdsaTwin.Inverse(Mod(Value<TVector>(numbers[i], lane), P), P), facts);
                }
            }
        }
    }

    private static void RoundTrip<TVector, TLanes>()
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        for (int i = 0; i < Edges.Length; i++)
        {
            BigInteger[] values = [.. Enumerable.Range(0, TLanes.Count).Select(lane => Edges[(i + lane) % Edges.Length])];
            LaneElement<TVector> element = Read<TVector, TLanes>(values);
            LaneField<TVector, TLanes>.Broadcast(out LaneElement<TVector> all, Words(Edges[i]));
            for (int lane = 0; lane < TLanes.Count; lane++)
            {
                Assert.That(Value<TVector>(element, lane), Is.EqualTo(values[lane]));
                Assert.That(Big(LaneField<TVector, TLanes>.Extract(element, lane)), Is.EqualTo(values[lane] % P));
                Assert.That(Value<TVector>(all, lane), Is.EqualTo(Edges[i]));
            }
        }
    }

    // Lanes take different pairs (i, j), so that one lane's exception shows that it leaves its neighbours alone.
    private static void SmallGroups<TVector, TLanes>()
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        SmallGroup group = SmallGroup.Of(13);
        (int I, int J)[] pairs = [.. from i in Enumerable.Range(1, 12) from j in Enumerable.Range(1, 12) select (i, j)];
        for (int start = 0; start < pairs.Length; start++)
        {
            (int I, int J)[] own = [.. Enumerable.Range(0, TLanes.Count).Select(lane => pairs[(start + lane) % pairs.Length])];
            Points<TVector, TLanes>(group, own.Select(static p => p.I), out var xi, out var yi);
            Points<TVector, TLanes>(group, own.Select(static p => p.J), out var xj, out var yj);
            LanePoint<TVector, TLanes> left = default, right = default;
            left.Set(xi, yi);
            LanePoint<TVector, TLanes> mixed = left, again, opposite = left, general = left;
            mixed.Add(xj, yj, out LaneElement<TVector> ratio);
            right.Set(xj, yj);
            right.Double();
            general.Add(right);
            again = mixed;
            again.Double();
            again.Add(xi, yi);
            LaneField<TVector, TLanes>.Negate(out LaneElement<TVector> negated, yj);
            opposite.Add(xj, negated);
            // The second vector has i and j exchanged.
            LaneJacobian<TVector, TLanes> jacobian = new(new LaneElement<TVector>[LaneJacobian<TVector, TLanes>.ElementsOf(2)], 2);
            jacobian.Set([xi, xj], [yi, yj]);
            jacobian.DoubleAndNegate();
            jacobian.Add([xj, xi], [yj, yi]);
            jacobian.DoubleAndNegate();
            jacobian.Get(0, out LanePoint<TVector, TLanes> often);
            jacobian.Get(1, out LanePoint<TVector, TLanes> exchanged);
            for (int lane = 0; lane < TLanes.Count; lane++)
            {
                (int i, int j) = own[lane];
                AssertPoint(group, right, lane, 2 * j, exceptional: false);
                AssertPoint(group, mixed, lane, i + j, exceptional: i == j || i + j == 13);
                AssertPoint(group, opposite, lane, i - j, exceptional: i == j || i + j == 13);
                AssertPoint(group, general, lane, i + 2 * j, exceptional: group.Reduce(i + 2 * j) == 0 || group.Reduce(i - 2 * j) == 0);
                AssertPoint(group, often, lane, 2 * (2 * i - j), exceptional: group.Reduce(2 * i - j) == 0 || group.Reduce(2 * i + j) == 0);
                AssertPoint(group, exchanged, lane, 2 * (2 * j - i), exceptional: group.Reduce(2 * j - i) == 0 || group.Reduce(2 * j + i) == 0);
                int twice = group.Reduce(2 * (i + j));
                AssertPoint(group, again, lane, twice + i,
                    exceptional: i == j || i + j == 13 || twice == i || group.Reduce(twice + i) == 0);
                FieldElement z = LaneField<TVector, TLanes>.Extract(mixed.ZZ, lane);
                LaneField<TVector, TLanes>.Square(out LaneElement<TVector> ratioSquare, ratio);
                Assert.That(Big(z), Is.EqualTo(Big(LaneField<TVector, TLanes>.Extract(ratioSquare, lane))));
            }
        }
    }

    private static void Roots<TVector, TLanes>()
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        Random random = new(Seed);
        BigInteger[] xs = [.. Edges, .. Enumerable.Range(0, 96).Select(_ =>
        {
            byte[] bytes = new byte[32];
            random.NextBytes(bytes);
            return EcdsaTwin.FromBytes(bytes);
        })];
        for (int vectors = 1; vectors <= LaneRoot<TVector, TLanes>.Together; vectors++)
        {
            var x = new LaneElement<TVector>[vectors];
            var roots = new LaneElement<TVector>[vectors];
            for (int start = 0; start < xs.Length; start += vectors * TLanes.Count)
            {
                BigInteger[] own = [.. Enumerable.Range(start, vectors * TLanes.Count).Select(i => xs[i % xs.Length])];
                for (int v = 0; v < vectors; v++)
                    x[v] = Read<TVector, TLanes>(own[(v * TLanes.Count)..((v + 1) * TLanes.Count)]);
                LaneRoot<TVector, TLanes>.OfCurve(roots, x);
                for (int i = 0; i < own.Length; i++)
                    AssertReduced(
                        roots[i / TLanes.Count], i % TLanes.Count,
                        BigInteger.ModPow(BigInteger.ModPow(own[i], 3, P) + 7, (P + 1) / 4, P), $"x {own[i]}, place {i} of {own.Length}");
            }
        }
    }

    private static void AssertPoint<TVector, TLanes>(
        SmallGroup group, in LanePoint<TVector, TLanes> point, int lane, int multiple, bool exceptional)
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        FieldElement zz = LaneField<TVector, TLanes>.Extract(point.ZZ, lane);
        Assert.That(zz.IsZero(), Is.EqualTo(exceptional), $"{multiple}");
        if (!exceptional)
            group.AssertIs(
                LaneField<TVector, TLanes>.Extract(point.X, lane), LaneField<TVector, TLanes>.Extract(point.Y, lane), zz,
                LaneField<TVector, TLanes>.Extract(point.ZZZ, lane), multiple);
    }

    private static void Points<TVector, TLanes>(
        SmallGroup group, IEnumerable<int> multiples, out LaneElement<TVector> x, out LaneElement<TVector> y)
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        AffinePoint[] points = [.. multiples.Select(group.Affine)];
        x = Read<TVector, TLanes>([.. points.Select(static p => Big(p.X))]);
        y = Read<TVector, TLanes>([.. points.Select(static p => Big(p.Y))]);
    }

    private static LaneElement<TVector> Read<TVector, TLanes>(BigInteger[] values)
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        Words256[] words = [.. values.Select(Words)];
        LaneField<TVector, TLanes>.FromWords(
            out LaneElement<TVector> element,
            TLanes.Load([.. words.Select(static w => w.W0)]), TLanes.Load([.. words.Select(static w => w.W1)]),
            TLanes.Load([.. words.Select(static w => w.W2)]), TLanes.Load([.. words.Select(static w => w.W3)]));
        return element;
    }

    // In a third of the rounds every limb stands at one of its bounds.
    private static LaneElement<TVector> Element<TVector, TLanes>(Random random, long low, long high)
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        LaneElement<TVector> element = default;
        ref long limbs = ref Unsafe.As<LaneElement<TVector>, long>(ref element);
        int kind = random.Next(3);
        for (int i = 0; i < 9 * TLanes.Count; i++)
            Unsafe.Add(ref limbs, i) = kind switch
            {
                0 => random.Next(2) == 0 ? low : high,
                1 => high,
                _ => random.NextInt64(low, high + 1),
            };
        return element;
    }

    private static TVector Mask<TVector, TLanes>(Random random, out bool[] where)
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        bool[] drawn = [.. Enumerable.Range(0, TLanes.Count).Select(_ => random.Next(2) == 0)];
        where = drawn;
        return TLanes.Load([.. drawn.Select(static d => d ? ulong.MaxValue : 0)]);
    }

    private static void AssertReduced<TVector>(LaneElement<TVector> element, int lane, BigInteger expected, string facts)
        where TVector : unmanaged
    {
        Assert.That(Mod(Value<TVector>(element, lane), P), Is.EqualTo(Mod(expected, P)), facts);
        foreach (long limb in Limbs<TVector>(element, lane))
            Assert.That(limb, Is.InRange(0, Unit), facts);
    }

    private static BigInteger Value<TVector>(LaneElement<TVector> element, int lane)
        where TVector : unmanaged
    {
        BigInteger sum = 0;
        long[] limbs = Limbs<TVector>(element, lane);
        for (int i = 0; i < limbs.Length; i++)
            sum += (BigInteger)limbs[i] << (29 * i);
        return sum;
    }

    private static ulong Limb<TVector>(TVector vector, int lane)
        where TVector : unmanaged => Unsafe.Add(ref Unsafe.As<TVector, ulong>(ref vector), lane);

    // Random numbers, half of them negative.
    private static LaneElement<TVector> Numbers<TVector, TLanes>(Random random)
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        LaneElement<TVector> element = default;
        byte[] bytes = new byte[32];
        for (int lane = 0; lane < TLanes.Count; lane++)
        {
            random.NextBytes(bytes);
            Write(ref element, lane, EcdsaTwin.FromBytes(bytes) * (random.Next(2) == 0 ? 1 : -1));
        }
        return element;
    }

    // A number of magnitude 1 in a lane: limbs of its absolute value, all with its sign.
    private static void Write<TVector>(ref LaneElement<TVector> element, int lane, BigInteger value)
        where TVector : unmanaged
    {
        int count = Unsafe.SizeOf<TVector>() / sizeof(long);
        ref long limbs = ref Unsafe.As<LaneElement<TVector>, long>(ref element);
        BigInteger rest = BigInteger.Abs(value);
        for (int i = 0; i < 9; i++, rest >>= 29)
        {
            // The last limb holds what is left: 2^29 for 32 p and more.
            long limb = (long)(i < 8 ? rest & (Unit - 1) : rest);
            Assert.That(limb, Is.LessThanOrEqualTo(Unit));
            Unsafe.Add(ref limbs, i * count + lane) = value.Sign < 0 ? -limb : limb;
        }
    }

    private static long[] Limbs<TVector>(LaneElement<TVector> element, int lane)
        where TVector : unmanaged
    {
        int count = Unsafe.SizeOf<TVector>() / sizeof(long);
        long[] limbs = new long[9];
        for (int i = 0; i < limbs.Length; i++)
            limbs[i] = Unsafe.Add(ref Unsafe.As<LaneElement<TVector>, long>(ref element), i * count + lane);
        return limbs;
    }
}
