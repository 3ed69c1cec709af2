# SPDX-License-Identifier: Apache-2.0
# Prints the numbers that QualityTests.swift expects. Needs numpy and scipy.
# Reference: scipy.ndimage, as scikit-image's structural_similarity(gaussian_weights=True, sigma=1.5,
# use_sample_covariance=False, data_range=1) computes it.
import numpy as np
from scipy.ndimage import gaussian_filter
def field(n, w, h, k):
    y, x = np.mgrid[0:h, 0:w].astype(float)
    return 0.5 + 0.4*np.sin(0.3*x*k + 0.17*y + n) * np.cos(0.11*x - 0.23*y*k + 2*n)
w,h=23,19
a=np.stack([field(n,w,h,1.0) for n in range(3)],-1)
b=np.clip(np.stack([field(n,w,h,1.15)*0.9+0.03 for n in range(3)],-1),0,1)
y,x=np.mgrid[0:h,0:w]
m=((x-11)**2+(y-9)**2 <= 49)
f=lambda v: gaussian_filter(v,1.5,truncate=3.5)
S=[]
for c in range(3):
    p,q=a[...,c],b[...,c]
    ux,uy=f(p),f(q); vx=f(p*p)-ux*ux; vy=f(q*q)-uy*uy; vxy=f(p*q)-ux*uy
    s=((2*ux*uy+1e-4)*(2*vxy+9e-4))/((ux*ux+uy*uy+1e-4)*(vx+vy+9e-4)); S.append(s)
S=np.stack(S,-1)
print("ssim",S[m].mean(),"whole",S.mean(),"psnr",-10*np.log10(((a-b)[m]**2).mean()),"corner",S[0,0])
